import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { Generator, Tokenizer } from "../../mod.ts";
import { shippedSample } from "../support/models.ts";
import { serveExample } from "./support.ts";

const test = suite("the example server.ts");

test("encodes, decodes and generates as the library does, and says what was wrong", async () => {
  const ring = await Deno.readFile(shippedSample("ring"));
  await using tokenizer = await Tokenizer.load("emoji-64");
  await using generator = await Generator.load("emoji-64", { tokenizer });
  const expected = await tokenizer.encode(await decodeImage(ring));
  await serveExample("server.ts", async (address) => {
    const encoded = await fetch(`${address}/encode`, { method: "POST", body: ring });
    const json = await encoded.text();
    assert.is(encoded.headers.get("Content-Type"), "application/json");
    assert.equal(JSON.parse(json).tokens, [[...expected.data]]);

    const decoded = await fetch(`${address}/decode`, { method: "POST", body: json });
    assert.is(decoded.headers.get("Content-Type"), "image/png");
    assert.equal(await decodeImage(await decoded.bytes()), await tokenizer.decode(expected));

    const generated = await fetch(`${address}/generate/Flags?seed=3`);
    const [flag] = await generator.generate({ classIds: "Flags", seed: 3 });
    assert.equal(await decodeImage(await generated.bytes()), flag!.image);

    const refused: [string, RequestInit, number, RegExp][] = [
      ["encode", { method: "POST", body: "no image" }, 400, /image/],
      ["decode", { method: "POST", body: "{}" }, 400, /Cannot read tokens/],
      ["decode", { method: "POST", body: new Uint8Array(5e6) }, 413, /Payload Too Large/],
      ["generate/Nothing", {}, 400, /Nothing/],
      ["generate/Flags?seed=x", {}, 400, /seed/],
    ];
    for (const [path, request, status, message] of refused) {
      const response = await fetch(`${address}/${path}`, request);
      assert.is(response.status, status, path);
      assert.match(await response.text(), message);
    }
  });
});

test.run();
