import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { transformerShapes } from "../../src/models/transformer_weights.ts";
import { readGolden, tokenizerConfig } from "../golden/golden.ts";
import { hashedWeight } from "../golden/hashed.ts";
import type { Weighed } from "./generate_and_score.ts";

const test = suite("the largest published model");

const xl: TransformerConfig = {
  dim: 1536,
  heads: 24,
  layers: 48,
  factorizedLayers: 4,
  hidden: 4096,
  bits: [6, 12],
  grid: 16,
  classes: 1000,
};
/** Bytes of the resident set, with the decoder. */
const limit = 2.2e9;

test("AR_256_XL with its tokenizer is loaded in q8 and generated from within 2.2 GB", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/AR_256_XL.safetensors`;
  try {
    const tokenizer = tokenizerConfig(await readGolden("imagenet_256_L"));
    const shapes = [...transformerShapes(xl), ...parameterShapes(tokenizer)];
    await writeSafetensors(path, {
      tensors: shapes.map(([name, shape]) => ({
        name,
        shape,
        dtype: "f32" as const,
        data: () => new Uint8Array(hashedWeight(name, shape).buffer),
      })),
    });
    const script = new URL("generate_and_score.ts", import.meta.url);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script.href, path],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const weighed: Weighed = JSON.parse(new TextDecoder().decode(stdout));
    console.log(
      `${((await Deno.stat(path)).size / 1e9).toFixed(2)} GB in f32, loaded in ${
        weighed.load.toFixed(1)
      } s, ` +
        `${weighed.msPerToken.toFixed(0)} ms a token, resident set ${
          (weighed.resident / 1e9).toFixed(2)
        } GB, ` +
        `at most ${(weighed.peak / 1e9).toFixed(2)} GB`,
    );
    assert.equal([weighed.generated, weighed.config], [8, xl]);
    assert.ok(weighed.peak <= limit, `${weighed.peak} bytes`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test.run();
