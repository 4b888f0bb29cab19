import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Mutex } from "../../src/backend/mutex.ts";
import { PolledMutex } from "../../src/backend/wasm/polled_mutex.ts";

const test = suite("mutex");

const later = () => new Promise((resolve) => setTimeout(resolve, 1));

for (
  const [name, make] of [["Mutex", () => new Mutex()], ["PolledMutex", () => new PolledMutex()]] as const
) {
  test(`${name}: one piece of work at a time, in order, also after a failure`, async () => {
    const mutex = make(), log: string[] = [];
    const work = (step: string, fails = false) =>
      mutex.run(async () => {
        log.push(`${step} begins`);
        await later();
        log.push(`${step} ends`);
        if (fails) throw new Error(step);
        return step;
      });
    const results = await Promise.allSettled([work("a"), work("b", true), work("c")]);
    assert.equal(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.equal(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test(`${name}: work that is aborted while it waits rejects at once and never runs`, async () => {
    const mutex = make(), controller = new AbortController(), reason = new Error("enough");
    const lock = await mutex.lock();
    let ran = false;
    const waiting = mutex.run(() => ran = true, { signal: controller.signal }).catch((error) => error);
    const waitingLock = mutex.lock(controller.signal).catch((error) => error);
    controller.abort(reason);
    assert.equal([await waiting, await waitingLock], [reason, reason]);
    lock[Symbol.dispose]();
    assert.is(await mutex.run(() => "next"), "next");
    assert.not(ran);
  });

  test(`${name}: later work waits until a lock is disposed`, async () => {
    const mutex = make(), log: string[] = [];
    const first = mutex.lock().then(async (lock) => {
      using _ = lock;
      log.push("locked");
      await later();
      log.push("unlocked");
    });
    await Promise.all([first, mutex.run(() => log.push("next"))]);
    assert.equal(log, ["locked", "unlocked", "next"]);
  });
}

for (
  const [name, make] of [["Mutex", () => new Mutex()], ["PolledMutex", () => new PolledMutex()]] as const
) {
  test(`${name}: short work goes first in the pauses of long work, in its order, and other long work does not`, async () => {
    const mutex = make(), log: string[] = [];
    const work = (step: string, cost: number) => mutex.run(() => void log.push(step), { cost });
    const first = mutex.run(async () => {
      for (const part of [1, 2]) {
        log.push(`part ${part}`);
        await later();
        await mutex.pause(10);
      }
    }, { cost: 100 });
    await Promise.all([first, work("long", 11), work("a", 10), work("b", 1)]);
    assert.equal(log, ["part 1", "a", "b", "part 2", "long"]);
  });

  test(`${name}: work that runs in a pause has none itself`, async () => {
    const mutex = make(), log: string[] = [];
    const work = (step: string, cost: number) =>
      mutex.run(async () => {
        log.push(`${step} begins`);
        await mutex.pause(cost / 2);
        await later();
        log.push(`${step} ends`);
      }, { cost });
    await Promise.all([work("long", 100), work("short", 10), work("shorter", 1)]);
    const ends = ["short ends", "shorter begins", "shorter ends", "long ends"];
    assert.equal(log, ["long begins", "short begins", ...ends]);
  });

  test(`${name}: a stream of short work holds long work up by as long as it takes`, async () => {
    const mutex = make();
    let ended = false, guests = 0, worked = 0;
    const start = performance.now();
    const first = mutex.run(async () => {
      for (let part = 0; part < 5; part++) {
        const from = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 20));
        worked += performance.now() - from;
        await mutex.pause(1);
      }
      ended = true;
    });
    const stream = (async () => {
      while (!ended) {
        await mutex.run(later, { cost: 1 });
        guests++;
      }
    })();
    await first;
    const whole = performance.now() - start;
    await stream;
    assert.ok(guests > 5, `${guests} guests`);
    assert.ok(whole < 3 * worked, `${whole} ms for ${worked} ms of work`);
  });

  test(`${name}: short work that fails or is aborted in a pause harms nobody`, async () => {
    const mutex = make(), controller = new AbortController(), reason = new Error("enough");
    const first = mutex.run(async () => {
      await later();
      controller.abort(reason);
      await mutex.pause(1);
      return "whole";
    });
    const outcomes = await Promise.allSettled([
      first,
      mutex.run(() => "left", { cost: 0, signal: controller.signal }),
      mutex.run(() => Promise.reject(reason), { cost: 0 }),
      mutex.run(() => "right", { cost: 0 }),
    ]);
    assert.equal(outcomes.map((one) => one.status === "fulfilled" ? one.value : one.reason), [
      "whole",
      reason,
      reason,
      "right",
    ]);
  });
}

test.run();
