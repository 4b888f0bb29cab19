import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluateReconstruction } from "../../src/eval/reconstruction.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { meanGradient, psnr, ssim } from "../../src/image/metrics.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { openImages } from "../../src/data/open_images.ts";
import { smallModel } from "../support/small_model.ts";
import { butter, parrot, refuses, ring, temporaryFolder, writeFiles } from "../data/support.ts";

const test = suite("evaluation of reconstructions");

test("figures are means over the whole images", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.png": ring, "2.png": "no image", "3.png": parrot, "4.png": butter });
  await using source = await openImages(folder.path);
  await using tokenizer = await Tokenizer.load(smallModel, { backend: "wasm", threads: 1 });
  const images = await Promise.all([ring, parrot, butter].map((file) => decodeImage(file)));
  const tokens = await tokenizer.encode(images), again = await tokenizer.decode(tokens);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  const codes = new Set(tokens.flatMap(({ data }) => [...data])).size;
  assert.equal(await evaluateReconstruction(source, tokenizer), {
    images: 3,
    damaged: 1,
    size: 32,
    psnr: mean(images.map((image, i) => psnr(image, again[i]!))),
    ssim: mean(images.map((image, i) => ssim(image, again[i]!))),
    sharpness: mean(again.map(meanGradient)) * 3 / (mean(images.map(meanGradient)) * 3),
    codes,
    utilization: codes / 2 ** 18,
  });
  await refuses(() => evaluateReconstruction(source, tokenizer, { size: 30 }), /a multiple of 4/);
  for (const name of ["1.png", "3.png", "4.png"]) await Deno.writeTextFile(`${folder.path}/${name}`, "");
  await refuses(() => evaluateReconstruction(source, tokenizer, { size: 32 }), /4 damaged ones/);
});

test.run();
