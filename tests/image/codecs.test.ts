import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("codec packages");

const root = new URL("../../", import.meta.url);

test("the codecs' files come from the versions that deno.json imports", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const source = await Deno.readTextFile(new URL("src/image/codec_modules.ts", root));
  const places = [...source.matchAll(/"(@jsquash\/[a-z]+)", "(.+?)"/g)];
  assert.is(places.length, 5);
  for (const [, name, versions] of places) assert.is(`npm:${name}@${versions}`, imports[name!]);
});

test("codecs need no permissions", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("codecs_alone.ts", import.meta.url).pathname],
  }).output();
  assert.is(new TextDecoder().decode(stdout), "png, jpeg, webp\n", new TextDecoder().decode(stderr));
});

test("importing the library imports no codec", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("mod.ts", root).pathname],
    env: { NO_COLOR: "1" },
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    roots: string[];
    modules: { specifier: string; dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[] }[];
  };
  const reached = new Set<string>();
  const visit = (specifier: string) => {
    if (reached.has(specifier)) return;
    reached.add(specifier);
    const { dependencies = [] } = modules.find((module) => module.specifier === specifier) ?? {};
    for (const { code, isDynamic } of dependencies) if (code && !isDynamic) visit(code.specifier);
  };
  roots.forEach(visit);
  assert.ok([...reached].some((specifier) => specifier.endsWith("src/image/codec.ts")));
  assert.equal([...reached].filter((specifier) => /codec_(png|jpeg|webp)|jsquash/.test(specifier)), []);
});

test.run();
