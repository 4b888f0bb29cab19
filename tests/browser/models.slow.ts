/** Models load in a browser from the page's server and from others, and are kept by its Cache API. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FileServer, noise } from "../support/file_server.ts";
import { skipIf } from "../support/skip.ts";
import { missingChromium, openPage } from "./chromium.ts";
import type { ModelsPage } from "./models_page.ts";

const test = suite("models in Chromium");
const each = skipIf(missingChromium, test);

const folder = new URL("../../models/emoji-64/", import.meta.url);
const names = ["config.json", "model.safetensors", "transformer.safetensors", "classes.json"];
const weights = Deno.readFileSync(new URL("model.safetensors", folder));
/** What a server lets the pages of other sites see. */
const shared = { "access-control-allow-origin": "*" };
const exposed = { ...shared, "access-control-expose-headers": "etag, content-range, x-linked-etag" };

let site: FileServer, other: FileServer, opened: Awaited<ReturnType<typeof openPage>>;

test.before(async () => {
  if (missingChromium) return;
  site = new FileServer();
  other = new FileServer();
  site.put("/", new TextEncoder().encode("<!doctype html><title>Models</title>"), { type: "text/html" });
  for (const name of names) site.put(`/m/${name}`, Deno.readFileSync(new URL(name, folder)));
  opened = await openPage(new URL("models_page.ts", import.meta.url), { address: `${site.origin}/` });
});
test.after(async () => {
  await opened?.browser.close();
  await site?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

/** Calls a function of the page. */
function call<Name extends keyof ModelsPage>(
  name: Name,
  ...args: Parameters<ModelsPage[Name]>
): ReturnType<ModelsPage[Name]> {
  const run = ([name, args]: [Name, unknown[]]) => {
    const { page } = globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> };
    return page[name]!(...args);
  };
  return opened.page.evaluate(run as never, [name, args]) as ReturnType<ModelsPage[Name]>;
}

each(
  "a path is one of the page's site; its files are fetched once, and again when they were changed",
  async () => {
    const first = await call("load", "/m/model.safetensors");
    const total = weights.length;
    if (typeof first === "string") throw new Error(first);
    assert.equal(first.progress, { file: "model.safetensors", loaded: total, total });
    assert.equal(await call("load", "m/model.safetensors"), { tensors: first.tensors, progress: undefined });
    assert.equal(await call("cached"), [{ source: `${site.origin}/m/model.safetensors`, bytes: total }]);
    assert.match(await call("classes", "/m/") ?? "", /Flags/);
    site.put("/m/model.safetensors", noise(100));
    assert.match(await call("load", "/m/") as string, /100 bytes starting/);
    site.put("/m/model.safetensors", weights);
    await call("load", "/m/");
    assert.is(await call("remove", `${site.origin}/m`), 3);
    assert.equal(await call("cached"), []);
  },
);

each("a connection that is cut goes on, and damaged files are not kept", async () => {
  const url = site.put("/cut.safetensors", weights, { cuts: { times: 2, after: 1_000_000 } });
  assert.type(await call("load", url.href), "object");
  assert.is(site.ranges("/cut.safetensors").length, 3);
  const lost = site.put("/lost.safetensors", weights, { cuts: { times: 99, after: 0 } });
  assert.match(
    await call("load", lost.href) as string,
    /Cannot fetch .*lost\.safetensors: got .*; try again/,
  );
  assert.equal((await call("cached")).map(({ source }) => source), [url.href]);
  await call("remove", url.href);
});

each("without a cache only what is read is fetched", async () => {
  const url = site.put("/a.safetensors", weights);
  assert.type(await call("load", url.href, { cache: false }), "object");
  assert.equal(site.ranges("/a.safetensors"), ["bytes=0-262143"]);
  assert.equal(await call("cached"), []);
});

each("other sites are read if they let pages do so, whatever headers they show", async () => {
  for (const headers of [exposed, shared]) {
    const url = other.put("/b.safetensors", weights, { headers });
    for (const cache of [true, false]) {
      const loaded = await call("load", url.href, { cache });
      if (typeof loaded === "string") throw new Error(`${Object.keys(headers)}: ${loaded}`);
    }
    await call("remove", url.href);
  }
  const closed = other.put("/c.safetensors", weights);
  assert.match(
    await call("load", closed.href) as string,
    /Cannot fetch .*c\.safetensors: got .*check the network/,
  );
});

test.run();
