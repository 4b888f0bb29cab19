import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inFolder } from "../io/support.ts";

const test = suite("the documentation's site");
const root = new URL("../../", import.meta.url);

/** Builds the site of a package, or of this one, into `out`. */
async function build(out: string, from?: string): Promise<{ code: number; said: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--frozen",
      "--config=docs/site/deno.json",
      "docs/site/build.ts",
      out,
      ...from ? [from] : [],
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, said: said!, errors: errors! };
}

/** Builds the site of a package with one module and the given files. */
async function buildOf(
  files: Readonly<Record<string, string>>,
  check: (site: string) => Promise<void>,
  fault?: RegExp,
) {
  await inFolder(async (folder) => {
    const all = {
      "deno.json": `{ "name": "@a/b", "exports": { ".": "./mod.ts", "./sub": "./sub.ts" } }`,
      "mod.ts": "/** A number. */\nexport const one = 1;\n",
      "sub.ts": "/** Another. */\nexport const two = 2;\n",
      ...files,
    };
    await Deno.mkdir(`${folder}/docs`);
    for (const [name, text] of Object.entries(all)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const { code, said, errors } = await build(`${folder}/out`, folder);
    if (fault) assert.match(said + errors, fault);
    assert.is(code, fault ? 1 : 0, errors);
    await check(`${folder}/out`);
  });
}

const readme = (text = "") => `# Package\n\n${text}\n\n## Documentation\n\n- Use: [guide](docs/guide.md)\n`;

test("is built of this repository without a broken link", async () => {
  await inFolder(async (folder) => {
    const { code, said, errors } = await build(folder);
    assert.is(code, 0, errors);
    assert.match(said, /pages, \d+ other files, 0 broken links/);
    const library = await Deno.readTextFile(`${folder}/docs/library.html`);
    assert.match(library, /<a href="\.\.\/docs\/library\.html" aria-current="page">Library<\/a>/);
    const tokenizer = await Deno.readTextFile(`${folder}/api/~/Tokenizer.html`);
    assert.match(tokenizer, /import { Tokenizer } from &quot;@voken\/magvit2&quot;;/);
    assert.not.match(tokenizer, new RegExp(root.pathname.replaceAll("/", "(/|&#x2F;)")));
  });
});

test("follows links, shows source files as pages and copies the others", async () => {
  const files = {
    "README.md": readme("[Here](docs/guide.md#a-part) and ![a picture](docs/a.svg)"),
    "docs/guide.md":
      "# Guide\n\n## A `part` & more\n\n## A part\n\n[code](../mod.ts) [home](../README.md) <https://a.example>\n",
    "docs/a.svg": "<svg/>",
  };
  await buildOf(files, async (site) => {
    const guide = await Deno.readTextFile(`${site}/docs/guide.html`);
    assert.match(guide, /<h2 id="a-part--more">A <code>part<\/code> &amp; more<\/h2>/);
    assert.match(guide, /<a href="\.\.\/mod\.ts\.html">code<\/a> <a href="\.\.\/index\.html">home<\/a>/);
    assert.match(
      await Deno.readTextFile(`${site}/index.html`),
      /<a href="docs\/guide\.html#a-part">Here<\/a>/,
    );
    assert.match(await Deno.readTextFile(`${site}/mod.ts.html`), /hljs-comment">\/\*\* A number/);
    assert.is(await Deno.readTextFile(`${site}/docs/a.svg`), "<svg/>");
  });
});

test("is not built where a link leads nowhere or something would be loaded from elsewhere", async () => {
  const faults: [string, RegExp][] = [
    ["[a](docs/none.md)", /README\.md leads to docs\/none\.md, which is no file/],
    ["[a](docs)", /README\.md leads to docs, which is no file/],
    ["[a](docs/guide.md#none)", /index\.html: docs\/guide\.html#none has no such heading/],
    ["[a](#none)", /index\.html: #none has no such heading/],
    ['<a href="none.html">a</a>', /index\.html: none\.html is not there/],
    ["![a](https://a.example/a.png)", /index\.html: https:\/\/a\.example\/a\.png is loaded from elsewhere/],
  ];
  for (const [text, fault] of faults) {
    await buildOf({ "README.md": readme(text), "docs/guide.md": "# Guide\n" }, async () => {}, fault);
  }
});

test.run();
