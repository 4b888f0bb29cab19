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
    const waiting = mutex.run(() => ran = true, controller.signal).catch((error) => error);
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

test.run();
