import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shippedSample as sample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { notLinux, skipIf } from "../support/skip.ts";
import { scratch, voken } from "./support.ts";

const test = suite("outputs of commands");
const small = ["-m", smallModel];

/** Commands with an output `$` that exists, and the file that they refuse to replace. */
const commands: [string[], string][] = [
  [["encode", sample("ring"), "-o", "$/t.npz"], "t.npz"],
  [["decode", "$/tokens.npz", "-o", "$"], "tokens.png"],
  [["reconstruct", sample("ring"), sample("pilot"), "-o", "$"], "ring.png"],
  [["reconstruct", sample("ring"), "-o", "$/t.webp"], "t.webp"],
  [["generate", "--class", "1", ...small, "-o", "$"], "generation.json"],
  [["generate", "--class", "1", ...small, "-o", "$/one.jpg"], "one.jpg"],
  [["generate", "--class", "1", ...small, "-o", "$/set.npz"], "set.npz"],
  [["convert", smallModel, "-o", "$"], "model.safetensors"],
  [["export", ...small, "-o", "$"], "decoder.onnx"],
  [["convert-lpips", "a", "b", "-o", "$/lpips.safetensors"], "lpips.safetensors"],
  [["tokenize", "--data", "$/images", "-o", "$/tokens.safetensors"], "tokens.safetensors"],
];

test("a file that exists is refused by name before any work, unless --force is given", async () => {
  using folder = scratch();
  Deno.mkdirSync(folder.at("images"));
  Deno.copyFileSync(sample("ring"), folder.at("images/ring.png"));
  const made = await voken(["encode", sample("ring"), "-o", folder.at("tokens.npz")]);
  assert.is(made.code, 0, made.notes);
  for (const [args, name] of commands) {
    Deno.writeTextFileSync(folder.at(name), "precious");
    const given = args.map((arg) => arg.replaceAll("$", folder.path));
    const before = folder.files();
    const refused = await voken(given);
    assert.equal([refused.code, refused.out], [1, ""], refused.notes);
    const expected = `voken: Cannot write ${folder.at(name)}: got a file that exists; `;
    assert.is(refused.notes, `${expected}give --force to replace it, or choose another -o`);
    assert.equal(folder.files(), before);
    if (args[0] !== "convert-lpips") {
      const forced = await voken([...given, "--force"]);
      assert.is(forced.code, 0, forced.notes);
      assert.is.not(Deno.readFileSync(folder.at(name)).length, 8, name);
    }
  }
});

skipIf(notLinux, test)("devices can be written without --force", async () => {
  const { code, notes } = await voken(["encode", sample("ring"), "-o", "/dev/null"]);
  assert.equal([code, notes], [0, ""]);
});

test("--force does not permit to replace an input", async () => {
  using folder = scratch();
  Deno.copyFileSync(sample("ring"), folder.at("ring.png"));
  const { code, notes } = await voken(["reconstruct", folder.at("ring.png"), "-o", folder.path, "--force"]);
  assert.is(code, 2);
  assert.match(notes, /got the path of an input/);
});

test("a generated image alone is written without a sheet and a description", async () => {
  using folder = scratch();
  const { code, out } = await voken(["generate", "--class", "1", ...small, "-o", folder.at("one.png")]);
  assert.is(code, 0);
  assert.match(out, /^1 image of 8×8 tokens.*one\.png$/);
  assert.equal(folder.files(), ["one.png"]);
});

test.run();
