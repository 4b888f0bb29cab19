import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planArena } from "../../src/graph/plan_memory.ts";

const test = suite("arena plans");

const lifetimes = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.nat(20), fc.nat(8)).map(([bytes, first, length]) => ({
    bytes,
    first,
    last: first + length,
  })),
  { maxLength: 40 },
);

test("buffers that live at the same time never overlap", () => {
  fc.assert(
    fc.property(lifetimes, fc.constantFrom(1, 16, 64), (list, align) => {
      const { offsets, bytes, liveBytes } = planArena(list, align);
      list.forEach((a, i) => {
        assert.is(offsets[i]! % align, 0);
        assert.ok(offsets[i]! >= 0 && offsets[i]! + a.bytes <= bytes);
        list.slice(0, i).forEach((b, j) => {
          if (a.first > b.last || b.first > a.last || a.bytes === 0 || b.bytes === 0) return;
          assert.ok(
            offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!,
            `${i} and ${j}`,
          );
        });
      });
      assert.ok(bytes >= liveBytes);
    }),
    { numRuns: 500 },
  );
});

test("buffers one after the other share their place", () => {
  const list = Array.from({ length: 10 }, (_, i) => ({ bytes: 64, first: 2 * i, last: 2 * i + 1 }));
  assert.is(planArena(list, 64).bytes, 64);
});

test("no buffers need no arena", () => {
  assert.equal(planArena([], 64), { offsets: [], bytes: 0, liveBytes: 0 });
});

test.run();
