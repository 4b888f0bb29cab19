import type { Dispatch } from "./prepared.ts";
import type { Session } from "./session.ts";
import { BufferUsage, MAP_READ } from "./usage.ts";
import { submit } from "./work.ts";

const action = "time the program";
/** Timestamps of one submit, within the limits of every adapter. */
const maxDispatches = 256;

/**
 * Seconds of each dispatch, run one at a time. Measured by the device's timestamps if it has them, else until the host is
 * notified of the end, which may be milliseconds later.
 */
export async function timeAll(session: Session, dispatches: readonly Dispatch[]): Promise<number[]> {
  const seconds: number[] = [];
  if (!session.device.features.has("timestamp-query")) {
    for (const dispatch of dispatches) {
      const start = performance.now();
      await session.checked(action, () => submit(session, [dispatch]));
      await session.orLost(action, session.device.queue.onSubmittedWorkDone());
      seconds.push((performance.now() - start) / 1000);
    }
    return seconds;
  }
  for (let first = 0; first < dispatches.length; first += maxDispatches) {
    seconds.push(...await timeSome(session, dispatches.slice(first, first + maxDispatches)));
  }
  return seconds;
}

async function timeSome(session: Session, dispatches: readonly Dispatch[]): Promise<number[]> {
  const { device } = session, count = 2 * dispatches.length, bytes = 8 * count;
  const [queries, resolved, staging] = await session.checked(action, () =>
    [
      device.createQuerySet({ type: "timestamp", count }),
      session.createBuffer(bytes, BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC),
      session.createBuffer(bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST),
    ] as const);
  try {
    // One submit for each dispatch, so that none is long. The clock of the device continues between them.
    for (const [i, dispatch] of dispatches.entries()) {
      await session.checked(action, () => {
        const timestampWrites = {
          querySet: queries,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        };
        submit(session, [dispatch], timestampWrites);
      });
    }
    await session.checked(action, () => {
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(queries, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
    });
    await session.orLost(action, staging.mapAsync(MAP_READ));
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0, bytes));
    // A device may round its clock, and may set it back.
    return dispatches.map((_, i) => Math.max(0, Number(stamps[2 * i + 1]! - stamps[2 * i]!)) / 1e9);
  } finally {
    queries.destroy();
    for (const buffer of [resolved, staging]) session.destroyBuffer(buffer);
  }
}
