import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { readImage } from "../../src/image/read.ts";
import { shippedSample as sample } from "../support/models.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken evaluate");

test("reports the quality as text and JSON", async () => {
  using folder = scratch();
  for (const name of ["ring", "parrot"]) Deno.copyFileSync(sample(name), folder.at(`${name}.png`));
  Deno.writeTextFileSync(folder.at("a damaged one.png"), "no image");
  const ask = ["evaluate", "--data", folder.path, "--threads", "1"];
  const { code, out, notes } = await voken(ask);
  assert.is(code, 0, notes);
  assert.match(notes, /^voken: skipped a damaged one.png: /);
  assert.match(
    out,
    /^images +2 of 64×64, skipped 1 damaged\nPSNR +[23]\d\.\d\d dB\nSSIM +0\.\d{4}\nsharpness +[\d.]+% .*\ncodes +[2-5]\d\d of 262144 in use, 0\.\d+%$/,
  );
  const json = JSON.parse((await voken([...ask, "--json"])).out);
  assert.equal([json.images, json.damaged, json.size], [2, 1, 64]);
  assert.ok(json.psnr > 20 && json.ssim > 0.7 && json.sharpness < 1.1 && json.codes > 100);
});

test("evaluates only the held-out images", async () => {
  using folder = scratch();
  const images = await Promise.all(["ring", "parrot", "ring"].map((name) => readImage(sample(name))));
  const { width, height } = images[0]!;
  Deno.writeFileSync(
    folder.at("three.npz"),
    writeNpz({
      arr_0: {
        shape: [3, height, width, 3],
        data: Uint8Array.from(images.flatMap(({ data }) => [...data])),
      },
      held_out: { shape: [1], data: Uint32Array.of(1) },
    }),
  );
  const ask = ["evaluate", "--data", folder.at("three.npz"), "--threads", "1", "--json"];
  const [all, held] = await Promise.all([ask, [...ask, "--held-out"]].map((args) => voken(args)));
  const [ofAll, ofHeld] = [all!, held!].map(({ out }) => JSON.parse(out));
  assert.equal([ofAll.images, ofHeld.images], [3, 1]);
  Deno.copyFileSync(sample("parrot"), folder.at("parrot.png"));
  const alone = JSON.parse(
    (await voken(["evaluate", "--data", folder.path, "--threads", "1", "--json"])).out,
  );
  assert.equal(ofHeld, alone);
});

test.run();
