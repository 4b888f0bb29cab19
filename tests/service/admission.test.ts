/** Who gets in, who has to go, and who is decoded first. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RequestError } from "../../src/service/request_error.ts";
import { Admission } from "../../src/service/work/admission.ts";
import { BodyBudget } from "../../src/service/work/body_budget.ts";
import { CodecQueue } from "../../src/service/work/codec_queue.ts";

const test = suite("admission");

const delay = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const statusOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    assert.instance(error, RequestError);
    return (error as RequestError).status;
  }
};

test("a body that is awaited for long makes room, one that has come does not", async () => {
  const admission = new Admission(2), given: [string, number][] = [];
  const enter = (name: string) => admission.enter(({ status }) => given.push([name, status]));
  const first = enter("first");
  enter("second");
  first.received();
  // Nobody has waited for long.
  assert.is(statusOf(() => enter("third")), 429);
  await delay(1050);
  const fourth = enter("fourth");
  assert.equal(given, [["second", 408]]);
  assert.is(admission.admitted, 2);
  assert.is(statusOf(() => enter("fifth")), 429);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  fourth[Symbol.dispose]();
  assert.is(admission.admitted, 0);
});

test("the bytes of bodies never exceed the limit, small ones are not given up for large ones, and all are given back", () => {
  const step = fc.record({ body: fc.nat(5), bytes: fc.nat(60), received: fc.boolean(), ends: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limit = 100, budget = new BodyBudget(limit);
      const bodies = new Map<
        number,
        { held: ReturnType<BodyBudget["hold"]>; bytes: number; done: boolean }
      >();
      for (const { body, bytes, received, ends } of steps) {
        if (!bodies.has(body)) {
          const held = budget.hold((reason) => {
            assert.is(reason.status, 503);
            const { bytes: own, done } = bodies.get(body)!;
            assert.not(done);
            const unfinished = [...bodies.values()].filter(({ done }) => !done);
            // The one that asks has asked for more already.
            assert.ok(unfinished.filter((one) => one.bytes > own).length <= 1);
            bodies.delete(body);
          });
          bodies.set(body, { held, bytes: 0, done: false });
        }
        const one = bodies.get(body)!;
        one.bytes += bytes;
        if (statusOf(() => one.held.add(bytes)) !== undefined) {
          one.held[Symbol.dispose]();
          bodies.delete(body);
        } else if (received) {
          one.held.received();
          one.done = true;
        }
        assert.ok(budget.bytes <= limit, `${budget.bytes}`);
        if (ends && bodies.has(body)) {
          one.held[Symbol.dispose]();
          bodies.delete(body);
        }
        assert.is(budget.bytes, [...bodies.values()].reduce((sum, { bytes }) => sum + bytes, 0));
      }
    }),
    { seed: 1 },
  );
});

test("who used codecs for long waits for others; small files have a thread of their own", async () => {
  const queue = new CodecQueue(2), { signal } = new AbortController(), order: string[] = [];
  const enter = async (client: string, size: "small" | "large", time: number) => {
    using _thread = await queue.enter({ client, size, signal });
    order.push(client);
    await delay(time);
  };
  await enter("slow", "large", 30);
  const work = [
    enter("slow", "large", 20),
    enter("slow", "large", 1),
    enter("slow", "large", 1),
    enter("other", "large", 1),
    enter("small", "small", 1),
  ];
  await Promise.all(work);
  assert.equal(order, ["slow", "slow", "small", "other", "slow", "slow"]);
  // Who gives up while waiting takes no thread.
  const client = new AbortController(), reason = new Error("gone");
  const long = enter("a", "large", 20),
    given = queue.enter({ client: "b", size: "large", signal: client.signal });
  client.abort(reason);
  assert.is(await given.catch((error) => error), reason);
  await long;
  await enter("c", "large", 0);
});

test.run();
