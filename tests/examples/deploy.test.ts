import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shippedSample } from "../support/models.ts";
import { serveExample } from "./support.ts";

const test = suite("the example deploy.ts");

test("serves the model by deno serve", async () => {
  const ring = await Deno.readFile(shippedSample("ring"));
  await serveExample("deploy.ts", async (address) => {
    const models = await (await fetch(`${address}/v1/models`)).json();
    assert.is(models.data[0].id, "emoji-64");
    const headers = { "Content-Type": "image/png" };
    const reconstructed = await fetch(`${address}/v1/reconstruct`, { method: "POST", body: ring, headers });
    assert.is(reconstructed.status, 200);
    assert.ok(Number(reconstructed.headers.get("voken-psnr")) > 30);
    await reconstructed.body?.cancel();
  });
});

test.run();
