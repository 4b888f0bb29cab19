import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { examplePath } from "./support.ts";

const test = suite("the example notebook.ipynb");

interface Notebook {
  readonly cells: readonly {
    readonly cell_type: "code" | "markdown";
    readonly source: readonly string[];
    readonly outputs?: readonly unknown[];
  }[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
}

/** What the kernel offers to cells; images are printed as base64, a line each. */
const kernel = `
(Deno as any).jupyter = { image: (bytes: Uint8Array) => console.log("image", bytes.toBase64()) };
`;

test("its cells run in their order", async () => {
  const { cells, metadata }: Notebook = JSON.parse(await Deno.readTextFile(examplePath("notebook.ipynb")));
  assert.is(metadata.kernelspec.name, "deno");
  const code = cells.filter(({ cell_type }) => cell_type === "code");
  assert.ok(code.every(({ outputs }) => outputs?.length === 0), "is stored without outputs");

  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--ext=ts", "--config=deno.json", "-"],
    cwd: examplePath(""),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode([kernel, ...code.map(({ source }) => source.join(""))].join("\n;")),
  );
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));

  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const images = lines.filter((line) => line.startsWith("image ")).map((line) => line.slice(6));
  assert.is(images.length, 4);
  for (const image of images) assert.is((await decodeImage(Uint8Array.fromBase64(image))).width, 64);
  const [facts, quality, ...others] = lines.filter((line) => !line.startsWith("image "));
  assert.match(facts!, /^\[ 16, 16 \] 1\d\d different ones of 262144$/);
  assert.match(quality!, /^3\d\.\d\d dB$/);
  assert.equal(others, []);
});

test.run();
