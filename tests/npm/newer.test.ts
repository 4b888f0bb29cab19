import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("what older engines lack");

const engine = AsyncDisposableStack;
Reflect.deleteProperty(globalThis, "AsyncDisposableStack");
const ours = (await import("../../npm/newer.ts")).AsyncDisposableStack;

for (const [name, Stack] of Object.entries({ "the engine's": engine, ours })) {
  /** Collects three things in a stack; gives it, and the list of those that were ended. */
  const three = (failing?: number) => {
    const stack = new Stack(), ended: number[] = [];
    for (const number of [1, 2, 3]) {
      stack.use({
        [Symbol.asyncDispose]: async () => {
          await Promise.resolve();
          ended.push(number);
          if (number === failing) throw new Error(`failed: ${number}`);
        },
      });
    }
    return { stack, ended };
  };

  test(`${name}: the last thing is ended first, once`, async () => {
    const { stack, ended } = three();
    await stack.disposeAsync();
    await stack[Symbol.asyncDispose]();
    assert.equal(ended, [3, 2, 1]);
  });

  test(`${name}: what was moved is not ended`, async () => {
    const { stack, ended } = three(), moved = stack.move();
    await stack.disposeAsync();
    assert.equal(ended, []);
    await moved.disposeAsync();
    assert.equal(ended, [3, 2, 1]);
  });

  test(`${name}: everything is ended, whatever fails`, async () => {
    const { stack, ended } = three(2);
    let failure: unknown;
    await stack.disposeAsync().catch((error) => failure = error);
    assert.is(String(failure), "Error: failed: 2");
    assert.equal(ended, [3, 2, 1]);
  });

  test(`${name}: things that end at once are taken, others refused`, async () => {
    const stack = new Stack();
    let ended = 0;
    stack.use({ [Symbol.dispose]: () => void ended++ });
    assert.throws(() => stack.use({} as AsyncDisposable));
    await stack.disposeAsync();
    assert.is(ended, 1);
  });
}

test.run();
