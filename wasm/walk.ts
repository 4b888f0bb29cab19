// Walks a program's command table. All threads walk the same table; each command's items are taken one by one
// from a shared counter, and a barrier stands between commands, but before those that join the ones before them. An item's
// result does not depend on who takes it.
//
// Command, as i32 words: opcode, items, counter (zero before a run), not zero if it joins, then the kernel's arguments.
// Control, as i32 words: 0 arrivals at the barrier, 1 generation of the barrier, 2 not zero: give up,
// 3 items begun so far, a sign of life.
import { dispatch } from "./dispatch";
import { arg } from "./simd";

export { packRows } from "./pack";

// @ts-ignore: decorator
@external("env", "now")
declare function now(): f64;

const ARRIVALS: usize = 0;
const GENERATION: usize = 4;
const ABORT: usize = 8;
const BEGUN: usize = 12;
/**
 * How often a thread looks before it sleeps: some 20 µs. Most commands of a token end sooner; being woken takes longer.
 */
const SPINS: i32 = 40000;

/**
 * Runs `count` commands as thread `thread` of `threads`, with `scratch` for this thread alone. Where `times` is not
 * zero, thread 0 stores there when each command began, and when the last ended: count + 1 f64, in milliseconds.
 */
export function walk(
  table: usize,
  count: i32,
  thread: i32,
  threads: i32,
  control: usize,
  scratch: usize,
  times: usize,
): void {
  for (let i = 0; i < count; i++) {
    if (times && thread == 0) store<f64>(times + ((<usize> i) << 3), now());
    const command = <usize> load<u32>(table + ((<usize> i) << 2));
    const opcode = arg(command, 0), items = arg(command, 1);
    // Kernels that prepare something there for several items note so in the first word.
    store<i32>(scratch, 0);
    for (;;) {
      const item = take(command + 8);
      if (item >= items || load<i32>(control + ABORT) != 0) break;
      take(control + BEGUN);
      dispatch(opcode, command + 16, item, scratch);
    }
    if (threads > 1 && !joins(table, i + 1, count) && !barrier(control, threads)) return;
  }
  if (times && thread == 0) store<f64>(times + ((<usize> count) << 3), now());
}

/**
 * Runs commands of a table from the `begin`-th on, alone, until all are done, or `limit` items were run, or the clock
 * passed `until` (milliseconds). Gives the command to go on with; its counter remembers where in it.
 */
export function walkSlice(
  table: usize,
  begin: i32,
  count: i32,
  control: usize,
  scratch: usize,
  times: usize,
  limit: i32,
  until: f64,
): i32 {
  for (let i = begin; i < count; i++) {
    const command = <usize>load<u32>(table + ((<usize>i) << 2));
    const opcode = arg(command, 0), items = arg(command, 1);
    if (load<i32>(command + 8) == 0) {
      if (times) store<f64>(times + ((<usize>i) << 3), now());
      // As in walk; what is prepared outlasts a slice.
      store<i32>(scratch, 0);
    }
    for (;;) {
      const item = take(command + 8);
      if (item >= items) break;
      take(control + BEGUN);
      dispatch(opcode, command + 16, item, scratch);
      if (--limit <= 0 || now() >= until) return i;
    }
  }
  if (times) store<f64>(times + ((<usize>count) << 3), now());
  return count;
}

/** Whether the i-th command may begin while those before it are under way. */
// @ts-ignore: decorator
@inline
function joins(table: usize, i: i32, count: i32): bool {
  return i < count && arg(<usize>load<u32>(table + ((<usize>i) << 2)), 3) != 0;
}

/** Adds one to a counter and returns its old value. */
// @ts-ignore: decorator
@inline
function take(counter: usize): i32 {
  if (ASC_FEATURE_THREADS) return atomic.add<i32>(counter, 1);
  const value = load<i32>(counter);
  store<i32>(counter, value + 1);
  return value;
}

/** Waits until all threads are here; false if the run was given up. */
function barrier(control: usize, threads: i32): bool {
  if (ASC_FEATURE_THREADS) {
    const generation = atomic.load<i32>(control + GENERATION);
    if (atomic.add<i32>(control + ARRIVALS, 1) == threads - 1) {
      atomic.store<i32>(control + ARRIVALS, 0);
      atomic.add<i32>(control + GENERATION, 1);
      atomic.notify(control + GENERATION, -1);
      return atomic.load<i32>(control + ABORT) == 0;
    }
    for (let spin = 0; spin < SPINS; spin++) {
      if (atomic.load<i32>(control + GENERATION) != generation) return atomic.load<i32>(control + ABORT) == 0;
    }
    while (atomic.load<i32>(control + GENERATION) == generation) {
      if (atomic.load<i32>(control + ABORT) != 0) return false;
      // Wakes up now and then, because a thread that died never arrives.
      atomic.wait<i32>(control + GENERATION, generation, 100_000_000);
    }
    return atomic.load<i32>(control + ABORT) == 0;
  }
  return true;
}
