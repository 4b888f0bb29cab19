import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { psnr } from "../../src/image/metrics.ts";
import { scratch, voken } from "../cli/support.ts";
import { served } from "./served.ts";
import { shippedSample } from "../support/models.ts";
import { post, refusal } from "./support.ts";
import { notLinux, skipIf } from "../support/skip.ts";

const test = suite("voken serve");

const png = { "content-type": "image/png" };
const ring = await Deno.readFile(shippedSample("ring"));

const onLinux = skipIf(notLinux, test);

onLinux("serves with no more permissions than documented, and logs each request as JSON", async () => {
  await using server = await served(["--log", "json"]);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const response = await fetch(`${server.url}/v1/reconstruct`, post(ring, { ...png, traceparent }));
  const again = await decodeImage(await response.bytes());
  assert.is(response.headers.get("voken-psnr"), psnr(await decodeImage(ring), again).toFixed(2));
  const { code, errors } = await server.end("SIGTERM");
  assert.is(code, 0, errors);
  const [line, ...others] = errors.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(others, []);
  assert.equal([line.level, line.logger, line.route], [
    "INFO",
    "voken.service",
    "/v1/reconstruct",
  ]);
  assert.is(line.requestId, response.headers.get("x-request-id"));
  assert.is(line.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.match(line.message, /^POST \/v1\/reconstruct 200 [\d.]+ ms$/);
});

onLinux("bearer tokens come from a file, and Ctrl-C ends it with 0", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("tokens"), `# ours\n${"a".repeat(32)}\n${"b".repeat(32)}\n`);
  await using server = await served(["--tokens", folder.at("tokens")], { read: [folder.path] });
  await refusal(await fetch(`${server.url}/v1/models`), 401);
  const response = await fetch(`${server.url}/v1/models`, {
    headers: { authorization: `Bearer ${"b".repeat(32)}` },
  });
  assert.is((await response.json()).data[0].id, "emoji-64");
  // Tokens are read again at SIGHUP; a file that cannot be used changes nothing.
  const status = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${server.url}/v1/models`, { headers })).status;
  };
  const reload = async (text: string, holds: () => Promise<boolean>) => {
    Deno.writeTextFileSync(folder.at("tokens"), text);
    server.kill("SIGHUP");
    for (let i = 0; i < 100 && !await holds(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(await holds(), text);
  };
  const next = "c".repeat(32);
  await reload(`${next}\n`, async () => await status(next) === 200 && await status("b".repeat(32)) === 401);
  await reload("short\n", async () => await status(next) === 200);
  const { code, errors } = await server.end("SIGINT");
  assert.is(code, 0);
  assert.match(errors, /read the tokens again[^]*Cannot use the tokens in .*: expected one or more/);
});

onLinux("a port in use is said in one line, with what to do", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, notes } = await voken(["serve", "--port", `${listener.addr.port}`]);
  assert.is(code, 2);
  assert.match(
    notes.trim().split("\n").at(-1)!,
    /Cannot serve on port \d+ .*: expected .* free, got a port in use/,
  );
});

test("invalid options are rejected in one line", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("empty"), "# none\n");
  Deno.writeTextFileSync(folder.at("short"), "secret\n");
  const cases: [string[], RegExp][] = [
    [["--tokens", folder.at("empty")], /one or more.*got none/],
    [["--tokens", folder.at("short")], /at least 16 characters/],
    [["--tokens", folder.at("absent")], /got no such file/],
    [["--model", "absent"], /Cannot find the model absent/],
    [["--port", "70000"], /port from 0 to 65535/],
    [["--limit", "speed=1"], /name=value with one of maxBodyBytes/],
  ];
  for (const [args, message] of cases) {
    const { code, out, notes } = await voken(["serve", ...args]);
    assert.equal([code, out], [args[0] === "--model" ? 1 : 2, ""]);
    assert.match(notes, message);
  }
});

test.run();
