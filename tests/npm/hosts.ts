import { chromium } from "playwright-core";
import { chromiumOptions, chromiumPath, missingChromium } from "../browser/chromium.ts";
import type { Results, Task } from "./smoke/checks.ts";
import { Registry } from "../jsr/registry.ts";
import { missingWorkerd } from "../service/workerd.ts";
import type { HostName } from "./matrix.ts";
import { run } from "./package.ts";
import { runInWorkerd } from "./worker.ts";

/** A host of the package, in which the checks can be run. */
export interface Host {
  readonly name: HostName;
  /** Why it is not on this machine, if so. */
  readonly missing?: string;
  /** Runs the checks in the project's folder, with a server on loopback at `origin`. */
  run(task: Task, at: Place): Promise<Results>;
}

interface Place {
  readonly folder: string;
  readonly origin: string;
}

/** Why other runtimes are not on this machine, if so. */
export const notHere: string | undefined = Deno.build.target === "x86_64-unknown-linux-gnu"
  ? undefined
  : "Node and Bun are fetched for Linux on x86-64 only";

/** All hosts, in the order of the README. */
export const hosts: readonly Host[] = [
  { name: "Deno, from JSR", run: runFromRegistry },
  {
    name: "Deno, clone",
    run: (task, { origin }) => {
      const script = new URL("smoke/server.ts", import.meta.url).pathname;
      const root = new URL("../", import.meta.url).pathname;
      return runServer(Deno.execPath(), ["run", "-A", "--quiet", script], { task, folder: root, origin });
    },
  },
  ...(["Node 22", "Node 24", "Bun"] as const).map((name): Host => ({
    name,
    missing: notHere,
    run: async (task, { folder, origin }) => {
      const program = await pathOfRuntime(name.toLowerCase().replace(" ", ""));
      return await runServer(program, ["server.js"], { task, folder, origin });
    },
  })),
  page("Chromium", "plain/esbuild"),
  page("Chromium, isolated", "isolated/esbuild"),
  page("Chromium, Vite", "isolated/vite"),
  { name: "workerd", missing: missingWorkerd, run: runInWorkerd },
];

/** The path of `node22`, `node24` or `bun`. */
export async function pathOfRuntime(name: string): Promise<string> {
  const script = new URL("runtimes/path.ts", import.meta.url).pathname;
  return (await run(Deno.execPath(), ["run", "-A", "--quiet", "--frozen", script, name], ".")).trim();
}

/** Runs the checks in a project that imports the package from a registry on loopback, with an empty cache of modules. */
async function runFromRegistry(task: Task, { origin }: Place): Promise<Results> {
  const folder = await Deno.makeTempDir({ prefix: "voken-jsr-" });
  await using registry = await Registry.start();
  try {
    const imports = { "@voken/magvit2": "jsr:@voken/magvit2" };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
    for (const name of ["checks.ts", "server.ts"]) {
      await Deno.copyFile(new URL(`smoke/${name}`, import.meta.url), `${folder}/${name}`);
    }
    const env = { ...registry.environment, DENO_DIR: `${folder}/modules` };
    return await runServer(Deno.execPath(), ["run", "-A", "--quiet", "server.ts"], {
      task,
      folder,
      origin,
      env,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the checks of servers, with a cache and a home of their own. */
async function runServer(
  program: string,
  args: readonly string[],
  { task, folder, origin, env = {} }: Place & { task: Task; env?: Record<string, string> },
): Promise<Results> {
  const cache = await Deno.makeTempDir({ prefix: "voken-cache-" });
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args, JSON.stringify(task)],
    cwd: folder,
    env: { ...env, HF_ENDPOINT: origin, VOKEN_CACHE: cache },
  }).output();
  await Deno.remove(cache, { recursive: true });
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (!success) throw new Error(`${program} failed:\n${said}${errors}`);
  return JSON.parse(said.trim().split("\n").at(-1)!);
}

/** A page in Chromium at an address of the server. What it fetches from the hub and the registry comes from there, too. */
function page(name: HostName, path: string): Host {
  return {
    name,
    missing: missingChromium,
    run: async (task, { origin }) => {
      const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumOptions] });
      try {
        const page = await browser.newPage(), problems: string[] = [];
        page.on("pageerror", (error) => problems.push(String(error)));
        await page.route("https://huggingface.co/**", async (route) => {
          const { pathname, search } = new URL(route.request().url());
          await route.fulfill({ response: await route.fetch({ url: origin + pathname + search }) });
        });
        await page.route("https://jsr.io/**/models/**", async (route) => {
          const file = route.request().url().split("/models/emoji-64/")[1];
          await route.fulfill({ response: await route.fetch({ url: `${origin}/models/${file}` }) });
        });
        await page.goto(`${origin}/${path}/index.html`);
        await page.waitForFunction(() => "run" in globalThis).catch(() => {
          throw new Error(`the page did not start: ${problems.join("; ")}`);
        });
        return await page.evaluate(
          (task) => (globalThis as unknown as { run(task: Task): Promise<Results> }).run(task),
          task,
        );
      } finally {
        await browser.close();
      }
    },
  };
}
