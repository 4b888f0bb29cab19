import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32Tensor, type HostTensor, readImage, Tokenizer } from "../mod.ts";
import { convertCheckpoint } from "../src/advanced.ts";
import { scratch } from "./cli/support.ts";
import { nmse, readGolden } from "./golden/golden.ts";
import { hashed } from "./golden/hashed.ts";

const test = suite("the public API");

const root = new URL("../", import.meta.url);

for (const kind of ["ema", "raw"] as const) {
  test(`a training checkpoint, ${kind} weights: latents and images are PyTorch's`, async () => {
    const golden = await readGolden("lightning_tiny");
    const file = new URL("tests/golden/lightning_tiny.ckpt", root);
    using folder = scratch();
    await convertCheckpoint(file, folder.at("model"), { raw: kind === "raw" });
    const x = f32Tensor([1, 3, 16, 16], hashed("lightning_tiny.input", [1, 3, 16, 16]));
    const results = [];
    for (const source of [file, folder.at("model")]) {
      await using tokenizer = await Tokenizer.load(source, { raw: source === file && kind === "raw" });
      const { z, tokens } = await tokenizer.encodeTensor(x);
      const codes = { ...z, data: z.data.map((value) => value > 0 ? 1 : -1) } as HostTensor<"f32">;
      const decoded = await tokenizer.decodeTensor(codes);
      assert.equal(await tokenizer.decodeTensor(tokens), decoded);
      results.push({ z, decoded });
    }
    const [loaded, converted] = results;
    assert.ok(nmse(loaded!.z.data, golden.tensor(`${kind}.z`).data) <= 1e-6);
    assert.ok(nmse(loaded!.decoded.data, golden.tensor(`${kind}.reconstruction`).data) <= 1e-6);
    assert.equal(converted, loaded);
  });
}

/** The names that a module exports, under the comment above each group of them. */
async function exportsOf(path: string): Promise<Map<string, string[]>> {
  const text = await Deno.readTextFile(new URL(path, root)), groups = new Map<string, string[]>();
  for (const part of text.split(/^\/\/ /m).slice(1)) {
    const names = [...part.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
      list!.split(",")
    );
    groups.set(part.slice(0, part.indexOf("\n")), names.map((name) => name.trim()).filter((name) => name));
  }
  return groups;
}

test("exports about fifty names in groups; the rest is advanced", async () => {
  const groups = await exportsOf("mod.ts"), names = [...groups.values()].flat();
  assert.equal([...groups.keys()], [
    "Images to tokens and back.",
    "Images of classes, and the transformer that generates their tokens.",
    "How all of them are loaded and run.",
    "Images.",
    "Images of folders and browsers.",
    "Tensors, which encodeTensor, decodeTensor and teacherForced take and give.",
    "Errors.",
  ]);
  assert.ok(names.length >= 45 && names.length <= 55, `${names.length} names`);
  assert.ok(
    [...groups.values()].every(({ length }) => length <= 13),
    "groups that can be taken in at a glance",
  );
  const advanced = [...(await exportsOf("src/advanced.ts")).values()].flat();
  assert.equal(advanced.filter((name) => names.includes(name)), [], "each name has one home");
  const [library, more] = [await import("../mod.ts"), await import("../src/advanced.ts")];
  for (const name of Object.keys(library)) assert.ok(names.includes(name), `${name} is in no group`);
  for (const name of Object.keys(more)) assert.ok(advanced.includes(name), `${name} is in no group`);
  for (const name of ["Tokenizer", "Generator", "Transformer", "readImage", "encodeImage", "psnr"]) {
    assert.ok(name in library, name);
  }
});

test("the example in the module's comment runs as it stands", async () => {
  const [, comment] = /```ts\n([\s\S]*?)```/.exec(await Deno.readTextFile(new URL("mod.ts", root)))!;
  const code = comment!.replace(/^ \* ?/gm, "").replace('"@voken/magvit2"', `"${new URL("mod.ts", root)}"`);
  using folder = scratch();
  Deno.symlinkSync(new URL("models", root).pathname, folder.at("models"));
  Deno.writeTextFileSync(folder.at("example.ts"), code);
  const { code: exit, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", new URL("deno.json", root).pathname, folder.at("example.ts")],
    cwd: folder.path,
  }).output();
  assert.is(exit, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /^256 tokens keep [23]\d\.\d\d dB\n$/);
  const again = await readImage(folder.at("again.png"));
  assert.equal([again.width, again.height], [64, 64]);
});

test.run();
