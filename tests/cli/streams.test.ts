import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readImage } from "../../src/image/read.ts";
import { shippedModel, shippedSample as sample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { notLinux, skipIf } from "../support/skip.ts";
import { scratch, voken } from "./support.ts";

const test = suite("standard input and output");
const ring = Deno.readFileSync(sample("ring"));

test("an image goes through encode and decode as it does through files", async () => {
  using folder = scratch();
  const encoded = await voken(["encode", "-", "-o", "-"], { input: ring });
  assert.equal([encoded.code, encoded.out], [0, ""]);
  assert.match(encoded.notes, /^1 image: 16×16 tokens of 18 bits, \d+ distinct, in standard output$/);
  const decoded = await voken(["decode", "-", "-o", "-"], { input: encoded.bytes });
  assert.equal([decoded.code, decoded.out, decoded.notes], [0, "", "64×64  standard output"]);
  const reconstructed = await voken(["reconstruct", "-", "-o", "-"], { input: ring });
  assert.equal(decoded.bytes, reconstructed.bytes);

  await voken(["reconstruct", sample("ring"), "-o", folder.path]);
  assert.equal(Deno.readFileSync(folder.at("ring.png")), decoded.bytes);
  const { code } = await voken(["reconstruct", "-", "-o", folder.path], { input: ring });
  assert.equal([code, folder.files()], [0, ["ring.png", "stdin.png"]]);
});

test("tokens as JSON, generated images and checkpoints are piped, too", async () => {
  const { out } = await voken(["encode", "-", "--json"], { input: ring });
  const decoded = await voken(["decode", "-", "-o", "-", "-q"], { input: new TextEncoder().encode(out) });
  assert.equal([decoded.code, decoded.notes], [0, ""]);
  assert.is((await readImage(decoded.bytes)).width, 64);
  const generated = await voken(["generate", "--class", "1", "-m", smallModel, "-o", "-"]);
  assert.is((await readImage(generated.bytes)).width, 32);
  const input = Deno.readFileSync(`${shippedModel}/model.safetensors`);
  const inspected = await voken(["inspect", "-"], { input });
  assert.match(inspected.out, /^file +standard input \(safetensors\)\nholds +image tokenizer/);
});

test("files are not written to a terminal, and what is damaged is named", async () => {
  const refused = await voken(["encode", "-", "-o", "-"], { input: ring, toTerminal: true });
  assert.equal([refused.code, refused.bytes.length], [2, 0]);
  assert.match(refused.notes, /Cannot write to standard output: expected a file or pipe.*got a terminal/);
  const empty = await voken(["encode", "-", "-o", "-"]);
  assert.is(empty.code, 1);
  assert.match(empty.notes, /in standard input: expected a PNG, JPEG or WebP file, got no bytes/);
  assert.match(
    (await voken(["decode", "-"])).notes,
    /Cannot read tokens from standard input: .*an empty file/,
  );
  assert.match((await voken(["inspect", "-"])).notes, /standard input: .*got an empty file/);
});

skipIf(notLinux, test)("processes compose, and end when their reader does", async () => {
  using folder = scratch();
  const script = new URL("../../src/cli/voken.ts", import.meta.url).pathname;
  const run = async (line: string) => {
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-o", "pipefail", "-c", `v() { "$deno" run -A "$script" "$@"; }; ${line}`],
      env: { deno: Deno.execPath(), script },
      cwd: folder.path,
    }).output();
    return { code, stdout, notes: new TextDecoder().decode(stderr) };
  };
  const piped = await run(`v encode - -o - < ${sample("ring")} | v decode - -o - > b.png`);
  assert.is(piped.code, 0, piped.notes);
  assert.match(piped.notes, /^1 image: .* in standard output\n64×64 {2}standard output\n$/);
  assert.is((await readImage(folder.at("b.png"))).width, 64);
  const cut = await run(`v explain --json | head -c 10`);
  assert.equal([cut.code, cut.notes, cut.stdout.length], [0, "", 10]);
});

test.run();
