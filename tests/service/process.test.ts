import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratch, voken } from "../cli/support.ts";
import { post, refusal, ring } from "./support.ts";

const test = suite("voken serve");

const root = new URL("../../", import.meta.url);
/** Where the codecs lie that the server reads. */
const packages = new URL(import.meta.resolve("@jsquash/png")).pathname.replace(/\/@jsquash\/.*/, "");
const png = { "content-type": "image/png" };

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly child: Deno.ChildProcess;
  /** Ends it, and tells how that went. */
  end(signal: Deno.Signal): Promise<{ code: number; errors: string }>;
}

/** `voken serve` in a process of its own, which may do no more than it must. */
async function served(args: readonly string[], { read = [] }: { read?: string[] } = {}): Promise<Served> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--frozen",
      "--allow-net=127.0.0.1",
      `--allow-read=${[root.pathname, packages, ...read].join(",")}`,
      new URL("src/cli/voken.ts", root).pathname,
      "serve",
      "--port",
      "0",
      ...args,
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (let part = await reader.read(); !part.done && !said.includes("\n"); part = await reader.read()) {
    said += part.value;
    if (said.includes("\n")) break;
  }
  const url = /http:\S+/.exec(said)?.[0];
  if (!url) throw new Error(`voken serve did not start: ${said}${await errors}`);
  const end = async (signal: Deno.Signal) => {
    child.kill(signal);
    const { code } = await child.status;
    return { code, errors: await errors };
  };
  return {
    url,
    child,
    end,
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
    },
  };
}

const onLinux = Deno.build.os === "linux" ? test : test.skip;

onLinux(
  "serves with no more permissions than documented, and SIGTERM under load ends it with 0",
  async () => {
    await using server = await served(["--log", "json"]);
    const { url } = server;
    const first = await fetch(`${url}/v1/reconstruct`, post(ring, png));
    assert.is(first.headers.get("voken-psnr"), "28.24");
    await first.bytes();

    const statuses: number[] = [];
    let refused = 0, stopping = false;
    const clients = Array.from({ length: 8 }, async () => {
      for (;;) {
        try {
          const response = await fetch(`${url}/v1/reconstruct`, post(ring, png));
          statuses.push(response.status);
          await response.bytes();
        } catch {
          // Once it has stopped nobody answers; before, everybody is answered.
          assert.ok(stopping);
          refused++;
          return;
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    stopping = true;
    const { code, errors } = await server.end("SIGTERM");
    await Promise.all(clients);
    assert.is(code, 0, errors);
    assert.is(refused, 8);
    assert.ok(statuses.filter((status) => status === 200).length > 8, `${statuses}`);
    assert.equal(statuses.filter((status) => status !== 200 && status !== 503), []);
    const lines = errors.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(lines.length >= statuses.length);
    const { level, logger, properties } = lines[0];
    assert.equal([level, logger, properties.route], ["INFO", "voken.service", "/v1/reconstruct"]);
    assert.match(properties.requestId, /^[0-9a-f-]{36}$/);
  },
);

onLinux("bearer tokens come from a file, and Ctrl-C ends it with 0", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("tokens"), `# ours\n${"a".repeat(32)}\n${"b".repeat(32)}\n`);
  await using server = await served(["--tokens", folder.at("tokens")], { read: [folder.path] });
  await refusal(await fetch(`${server.url}/v1/models`), 401);
  const response = await fetch(`${server.url}/v1/models`, {
    headers: { authorization: `Bearer ${"b".repeat(32)}` },
  });
  assert.is((await response.json()).data[0].id, "emoji-32");
  assert.is((await server.end("SIGINT")).code, 0);
});

test("what cannot be served is refused in one line", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("empty"), "# none\n");
  Deno.writeTextFileSync(folder.at("short"), "secret\n");
  const cases: [string[], RegExp][] = [
    [["--tokens", folder.at("empty")], /one or more.*got none/],
    [["--tokens", folder.at("short")], /at least 16 characters/],
    [["--tokens", folder.at("absent")], /got NotFound/],
    [["--model", "absent"], /Cannot find the model absent/],
    [["--port", "70000"], /port from 0 to 65535/],
    [["--limit", "speed=1"], /name of a limit/],
  ];
  for (const [args, message] of cases) {
    const { code, out, notes } = await voken(["serve", ...args]);
    assert.equal([code, out], [1, ""]);
    assert.match(notes, message);
  }
});

test.run();
