import { suite } from "uvu";
import * as assert from "uvu/assert";
import { measurePages } from "../../npm/sizes.ts";
import { builtPackage, run } from "./package.ts";

const test = suite("the npm package");

const folder = await builtPackage();
const manifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
const files = (await run("find", [".", "-type", "f"], folder)).trim().split("\n").map((path) =>
  path.slice(2)
);
const read = (path: string) => Deno.readTextFile(`${folder}/${path}`);

test("has at most 8 MB", async () => {
  const tar = new Deno.Command("tar", { args: ["-cz", "."], cwd: folder });
  const { stdout } = await tar.output();
  assert.ok(stdout.length <= 8e6, `${stdout.length} bytes`);
});

test("has a script and types for each export", () => {
  assert.ok(Object.keys(manifest.exports).length > 5);
  for (const [name, entry] of Object.entries<{ types: string; default: string }>(manifest.exports)) {
    if (name === "./package.json") continue;
    for (const path of [entry.types, entry.default]) {
      assert.ok(files.includes(path.slice(2)), `${name}: ${path}`);
    }
  }
  assert.ok(files.includes(manifest.bin.voken));
});

test("depends on what deno.json names, in the same ranges", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  for (const [name, range] of Object.entries(manifest.dependencies)) {
    assert.is(imports[name], `npm:${name}@${range}`);
  }
});

test("imports nothing but its own files, its dependencies and Node's modules", async () => {
  const known = new Set([...Object.keys(manifest.dependencies), ...files]);
  const found: string[] = [];
  for (const path of files.filter((path) => path.endsWith(".js"))) {
    for (const [, specifier] of (await read(path)).matchAll(/^(?:im|ex)port\b[^"';]*?from "([^"]+)";$/gm)) {
      const name = specifier!.startsWith(".")
        ? new URL(specifier!, `file:///${path}`).pathname.slice(1)
        : /^(@[^/]+\/)?[^/]+/.exec(specifier!)![0];
      if (!known.has(name) && !name.startsWith("node:")) found.push(`${path}: ${specifier}`);
    }
  }
  assert.equal(found, []);
});

const kilobytes = { psnr: 2, tokenizer: 100, generator: 120 };
/** What a page with one backend has less than a page with both, at least. */
const saved = 20;
const pages = await measurePages(folder);

test("is fetched by pages in small parts", () => {
  const sizes = new Map(pages.map(({ name, gzipped }) => [name, gzipped / 1000]));
  for (const { name, packages } of pages) {
    const limit = kilobytes[name.split(" ")[0] as keyof typeof kilobytes];
    // No page loads both backends: what is saved is compared with that.
    if (!name.endsWith("either")) assert.ok(sizes.get(name)! <= limit, `${name}: ${sizes.get(name)} KB`);
    assert.equal(packages, [], `${name} imports packages that are not counted`);
  }
  for (const name of ["tokenizer", "generator"]) {
    for (const backend of ["WASM", "WebGPU"]) {
      const one = sizes.get(`${name} on ${backend}`)!, both = sizes.get(`${name} on either`)!;
      assert.ok(one <= both - saved, `${name} on ${backend}: ${one} KB, on either: ${both} KB`);
    }
  }
});

test("loads kernels of training in no page", () => {
  for (const { name, folders } of pages) {
    const training = [...folders.keys()].filter((from) =>
      /training|src\/(train|autograd|service|cli)\b/.test(from)
    );
    assert.equal(training.filter((from) => folders.get(from)! > 0), [], name);
  }
});

test.run();
