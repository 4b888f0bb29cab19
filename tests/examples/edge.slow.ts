import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratch } from "../cli/support.ts";
import { freePort, missingWorkerd, waitForHealth, withWorkerd } from "../service/workerd.ts";
import { shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { runExample } from "./support.ts";

const test = suite("the example edge/worker.ts");

skipIf(missingWorkerd, test)("reconstructs an image in workerd", async () => {
  using folder = scratch();
  const port = freePort(), address = `http://localhost:${port}`;
  const said = await runExample("edge/build.ts", { args: ["worker"], cwd: folder.path });
  assert.is(said, "npx workerd serve worker/config.capnp\n");
  await withWorkerd([folder.at("worker/config.capnp"), `--socket-addr=http=localhost:${port}`], async () => {
    assert.is((await waitForHealth(address))?.status, 200);
    const body = await Deno.readFile(shippedSample("ring")), headers = { "Content-Type": "image/png" };
    const reconstructed = await fetch(`${address}/v1/reconstruct`, { method: "POST", body, headers });
    assert.is(reconstructed.status, 200);
    assert.ok(Number(reconstructed.headers.get("voken-psnr")) > 30);
    await reconstructed.body?.cancel();
  });
});

test.run();
