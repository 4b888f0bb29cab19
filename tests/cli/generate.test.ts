import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpz } from "../../src/io/npz.ts";
import { SampleSet } from "../../src/cli/sample_set.ts";
import { readImage } from "../../src/image/read.ts";
import { smallModel } from "../support/models.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken generate");
const small = ["generate", "--model", smallModel];
const request = [
  "--class",
  '2,"Smileys & Emotion"',
  "-n",
  "3",
  "--seed",
  "42",
  "--guidance",
  "2,3",
  "--candidates",
  "2",
];

test("writes pictures, a sheet, and what draws them again", async () => {
  using folder = scratch();
  const { code, out, notes } = await voken([...small, ...request, "-o", folder.at("a")]);
  assert.equal([code, notes], [0, ""]);
  assert.match(out, /^6 pictures of 8×8 tokens, each the likeliest of 2, in .* tokens\/s/);
  const pictures = Array.from({ length: 6 }, (_, i) => `0000${i}.png`);
  assert.equal(folder.files(), [...pictures, "generation.json", "sheet.png"].map((name) => `a/${name}`));
  const said = JSON.parse(Deno.readTextFileSync(folder.at("a/generation.json")));
  assert.equal([said.seed, said.guidance, said.topP, said.candidates], [42, [2, 3], [0.96, 0.96], 2]);
  assert.equal(said.pictures.map(({ classId }: { classId: number }) => classId), [2, 2, 2, 6, 6, 6]);

  const again = await voken(["generate", "--from", folder.at("a/generation.json"), "-o", folder.at("b")]);
  assert.is(again.code, 0, again.notes);
  for (const name of [...pictures, "sheet.png", "generation.json"]) {
    assert.equal(Deno.readFileSync(folder.at(`a/${name}`)), Deno.readFileSync(folder.at(`b/${name}`)), name);
  }
});

test("without a model's name, the shipped one draws", async () => {
  using folder = scratch();
  const { code, out, notes } = await voken(["generate", "--class", "flags", "-o", folder.at("a")]);
  assert.equal([code, notes], [0, ""]);
  assert.match(out, /^1 pictures of 16×16 tokens, each the likeliest of 4, in /);
  const { width, height } = await readImage(folder.at("a/00000.png"));
  assert.equal([width, height], [64, 64]);
});

test("a set in parts, one of them resumed, holds the same pictures", async () => {
  using folder = scratch();
  const ask = [...small, "--class", "all", "-n", "2", "--greedy", "--preset", "paper"];
  assert.is((await voken([...ask, "-o", folder.at("png")])).code, 0);
  const parts = [];
  for (const part of ["1/2", "2/2"]) {
    const file = folder.at(`${part[0]}.npz`);
    const controller = new AbortController();
    const set = [...ask, "--npz", file, "--shard", part];
    if (part === "2/2") {
      // Stopped as soon as the first pictures are there: the rest is drawn by the next call.
      const folderOfParts = `${file}.parts`;
      const timer = setInterval(() => {
        const some = [...existing(folderOfParts)].some((name) => name.endsWith(".rgb"));
        if (some) controller.abort();
      }, 2);
      const stopped = await voken(set, controller);
      clearInterval(timer);
      assert.is(stopped.code, 130, stopped.notes);
      assert.ok([...existing(folderOfParts)].includes("0-8.rgb"));
    }
    const { code, notes, out } = await voken(set);
    assert.is(code, 0, notes);
    assert.match(out, part === "2/2" ? /^1 pictures/ : /^9 pictures/);
    assert.equal([...existing(`${file}.parts`)], []);
    const { shape, data } = readNpz(Deno.readFileSync(file), { file }).get("arr_0")!;
    assert.equal(shape, [9, 32, 32, 3]);
    parts.push(...data as Uint8Array);
  }
  for (let i = 0; i < 18; i++) {
    const { data } = await readImage(folder.at(`png/${String(i).padStart(5, "0")}.png`));
    assert.equal(parts.slice(i * data.length, (i + 1) * data.length), [...data], `picture ${i}`);
  }
});

test("refuses what cannot be drawn, in one line", async () => {
  using folder = scratch();
  const cases: readonly [readonly string[], RegExp][] = [
    [["--class", "9"], /from 0 to 8, got 9/],
    [["--class", "smiley & emotion"], /did you mean Smileys & Emotion/],
    [["--class", "fod"], /did you mean Food & Drink/],
    [["--class", "1", "-n", "10001"], /at most 10000 altogether.*--npz/],
    [["--class", "1", "--top-p", "1.5"], /topP: expected above 0/],
    [["--class", "1", "--guidance", "-1"], /guidance: expected from 0/],
    [["--class", "1", "--temperature", "x"], /Expected a number/],
    [["--class", "1", "--shard", "3/2"], /Expected i\/n/],
    [[], /--class or --from/],
    [["--class", "1", "--model", `${smallModel}/model.safetensors`], /a tokenizer's does not suffice/],
  ];
  for (const [args, message] of cases) {
    const { code, notes } = await voken(["generate", ...args, "-o", folder.at("o")]);
    assert.is(code, 1, args.join(" "));
    assert.match(notes, message);
  }
});

test("a set that another request began is not gone on with", async () => {
  using folder = scratch();
  await SampleSet.open(folder.at("s.npz"), { size: 32, total: 2, request: "another" });
  const { code, notes } = await voken([...small, "--class", "1", "-n", "2", "--npz", folder.at("s.npz")]);
  assert.is(code, 1);
  assert.match(notes, /the request that it was begun with/);
});

function existing(folder: string): Iterable<string> {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

test.run();
