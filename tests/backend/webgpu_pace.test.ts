import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Pace, startingFlop } from "../../src/backend/webgpu/pace.ts";

const test = suite("how much work a submit is given");

test("at first what a slow device does in half a second, then what this one did in a quarter", () => {
  const pace = new Pace(true);
  assert.is(pace.flopPerSubmit, startingFlop(true));
  pace.learn(1e12, 2);
  assert.is(pace.flopPerSubmit, 0.25 * 1e12 / 2);
  pace.learn(1e9, 2);
  assert.is(pace.flopPerSubmit, 0.25 * 1e12 / 2, "a slow run is the host's");
});

test("work that took no time by a coarse clock says nothing", () => {
  const pace = new Pace(false);
  for (const flop of [0, 1e6]) pace.learn(flop, 0);
  assert.is(pace.flopPerSubmit, startingFlop(false));
});

test.run();
