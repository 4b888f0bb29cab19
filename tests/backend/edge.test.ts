import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { compileAll, inputOf, shortGraph } from "./programs.ts";

const test = suite("hosts without workers, shared memory, Node or permissions");

test("the backend loads there and runs on the caller's thread", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", new URL("edge_host.ts", import.meta.url).href],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { variant, threads, first } = JSON.parse(new TextDecoder().decode(stdout));
  assert.is.not(variant, "threads");
  assert.is(threads, 1);

  await using backend = new ReferenceBackend();
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  const expected = (await program!.run(inputOf(shortGraph))).y!.data[0]!;
  assert.ok(Math.abs(first - expected) < 1e-4 * Math.abs(expected), `${first}, expected ${expected}`);
});

test.run();
