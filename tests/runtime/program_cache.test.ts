import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Program } from "../../src/backend/backend.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { ProgramCache } from "../../src/runtime/program_cache.ts";

const test = suite("program cache");

/** Programs that only say what becomes of them. */
class Machine {
  readonly compiled: string[] = [];
  readonly disposed: string[] = [];

  compile(name: string): Promise<Program> {
    this.compiled.push(name);
    const unused = () => Promise.reject(new Error("not run here"));
    return Promise.resolve({
      stats: { flop: 0, arenaBytes: 0, liveBytes: 0, commands: 0 },
      run: unused,
      profile: unused,
      [Symbol.asyncDispose]: () => Promise.resolve(void this.disposed.push(name)),
    });
  }

  use(cache: ProgramCache, name: string, work: () => Promise<unknown> = () => Promise.resolve()) {
    return cache.use(name, { compile: () => this.compile(name), work });
  }
}

test("keeps programs, drops the one that was used least recently", async () => {
  const machine = new Machine(), cache = new ProgramCache(2);
  for (const name of ["a", "b", "a", "c", "a", "b"]) await machine.use(cache, name);
  assert.equal(machine.compiled, ["a", "b", "c", "b"]);
  assert.equal(machine.disposed, ["b", "c"]);
  await cache[Symbol.asyncDispose]();
  assert.equal(machine.disposed.sort(), ["a", "b", "b", "c"]);
});

test("disposes nothing that is in use, though there be too many", async () => {
  const machine = new Machine(), cache = new ProgramCache(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = machine.use(cache, "a", () => promise), second = machine.use(cache, "a", () => promise);
  await machine.use(cache, "b");
  await machine.use(cache, "c");
  assert.equal(machine.disposed, ["b"]);
  resolve();
  await Promise.all([first, second]);
  await machine.use(cache, "d");
  assert.equal(machine.disposed, ["b", "a", "c"]);
  assert.is(cache.size, 1);
});

test("compiles once for calls at the same time", async () => {
  const machine = new Machine(), cache = new ProgramCache(2);
  await Promise.all([machine.use(cache, "a"), machine.use(cache, "a"), machine.use(cache, "b")]);
  assert.equal(machine.compiled, ["a", "b"]);
});

test("a failed compilation is tried again by the next call", async () => {
  const machine = new Machine(), cache = new ProgramCache(2);
  const failing = cache.use("a", {
    compile: () => Promise.reject(new Error("broken")),
    work: () => Promise.resolve(),
  });
  await rejects(failing, /broken/);
  assert.is(cache.size, 0);
  await machine.use(cache, "a");
  assert.equal(machine.compiled, ["a"]);
});

test("where memory is short, unused programs make room", async () => {
  const machine = new Machine(), cache = new ProgramCache(4);
  await machine.use(cache, "a");
  let tries = 0;
  const short = () => ++tries === 1 ? Promise.reject(new BackendError("Cannot grow")) : machine.compile("b");
  await cache.use("b", { compile: short, work: () => Promise.resolve() });
  assert.equal([tries, machine.disposed], [2, ["a"]]);
  await cache[Symbol.asyncDispose]();
  const never = cache.use("c", {
    compile: () => Promise.reject(new BackendError("Cannot grow")),
    work: () => Promise.resolve(),
  });
  await rejects(never, /Cannot grow/);
});

async function rejects(promise: Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await promise;
  } catch (error) {
    return assert.match(String(error), message);
  }
  assert.unreachable("nothing was thrown");
}

test.run();
