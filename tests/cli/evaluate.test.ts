import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sample, scratch, voken } from "./support.ts";

const test = suite("voken evaluate");

test("says how well pictures are kept, to people and machines", async () => {
  using folder = scratch();
  for (const name of ["ring", "parrot"]) Deno.copyFileSync(sample(name), folder.at(`${name}.png`));
  Deno.writeTextFileSync(folder.at("other.png"), "no picture");
  const ask = ["evaluate", "--data", folder.path, "--threads", "1", "--size", "32"];
  const { code, out, notes } = await voken(ask);
  assert.is(code, 0, notes);
  assert.match(notes, /^voken: passed over other.png: /);
  assert.match(
    out,
    /^pictures +2 of 32×32, 1 damaged left out\nPSNR +2\d\.\d\d dB\nSSIM +0\.\d{4}\nsharpness +[89]\d\.\d% .*\ncodes +1\d\d of 262144 in use, 0\.0\d+%$/,
  );
  const json = JSON.parse((await voken([...ask, "--json"])).out);
  assert.equal([json.pictures, json.damaged, json.size], [2, 1, 32]);
  assert.ok(json.psnr > 20 && json.ssim > 0.7 && json.sharpness < 1.1 && json.codes > 100);
});

test.run();
