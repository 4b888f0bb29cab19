/** Short runs go first in the pauses of a long one, and neither changes the other. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { partsOf } from "../../src/backend/wasm/parts.ts";
import { compileAll, convolutions, inputOf, shortGraph } from "./programs.ts";
import { setups } from "./setups.ts";
import { skipIf } from "../support/skip.ts";

/** Some 24 billion operations, in several parts. */
const long = convolutions(80, { size: 64, channels: 64 });
const graphs = [long, shortGraph, convolutions(3, { size: 20, channels: 64 })];

for (const { title, options, missing } of setups) {
  const test = suite(`pauses of the WASM backend, ${title}`);
  const each = skipIf(missing, test);

  each("short runs, compilations and disposals do not wait for a long run, and all are right", async () => {
    await using backend = new WasmBackend(options);
    const { weights, programs } = await compileAll(backend, graphs);
    const run = async (i: number) => (await programs[i]!.run(inputOf(graphs[i]!))).y!.data;
    const expected = [await run(0), await run(1), await run(2)];
    let isOver = false, before = 0;
    const running = run(0).finally(() => isOver = true);
    const shorts = (async () => {
      while (!isOver && before < 20) {
        assert.equal(await run(1), expected[1]);
        assert.equal(await run(2), expected[2]);
        const fresh = await backend.compile(graphs[2]!, weights);
        assert.equal((await fresh.run(inputOf(graphs[2]!))).y!.data, expected[2]);
        await fresh[Symbol.asyncDispose]();
        if (!isOver) before++;
      }
    })();
    assert.equal(await running, expected[0]);
    await shorts;
    assert.ok(before > 0, "no short run ended before the long one");
    // Both blocks of memory are given back.
    const { allocated } = backend.memory;
    assert.equal(await run(0), expected[0]);
    assert.is(backend.memory.allocated, allocated);
  });

  each("a run that is aborted in a pause ends, and those that went first are right", async () => {
    await using backend = new WasmBackend(options);
    const { programs } = await compileAll(backend, graphs);
    const expected = (await programs[1]!.run(inputOf(shortGraph))).y!.data;
    const controller = new AbortController(), reason = new Error("enough");
    const running = programs[0]!.run(inputOf(long), { signal: controller.signal }).catch((error) => error);
    const first = programs[1]!.run(inputOf(shortGraph));
    assert.equal((await first).y!.data, expected);
    controller.abort(reason);
    assert.is(await running, reason);
    assert.equal((await programs[1]!.run(inputOf(shortGraph))).y!.data, expected);
  });

  test.run();
}

const test = suite("parts of a table");

test("parts hold all items of all commands once, and none is long", () => {
  const command = (flop: number, items: number) => ({ opcode: 0, items, args: [], flop });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2 ** 36), fc.nat(1000)).map(([flop, items]) => command(flop, items))),
      (commands) => {
        const all = commands.reduce((sum, { flop }) => sum + flop, 0), most = Math.max(2 ** 31, all / 64);
        let next = { command: 0, item: 0 };
        for (const { from, to, items } of partsOf(commands)) {
          assert.equal({ command: from, item: items?.begin ?? 0 }, next);
          if (items) assert.is(to, from + 1);
          const isEnd = !items || items.end === commands[from]!.items;
          next = isEnd ? { command: to, item: 0 } : { command: from, item: items!.end };
          const before = commands.slice(from, to - 1).reduce((sum, { flop }) => sum + flop, 0);
          assert.ok(before < most, `${before} operations, and a command more`);
          const isCuttable = items || to > from + 1 || commands[from]!.items < 128;
          assert.ok(isCuttable || commands[from]!.flop < 2 * most);
        }
        assert.equal(next, { command: commands.length, item: 0 });
      },
    ),
  );
  assert.equal(partsOf([command(5, 9), command(0, 3), command(2 ** 20, 1)]), [{ from: 0, to: 3 }]);
});

test.run();
