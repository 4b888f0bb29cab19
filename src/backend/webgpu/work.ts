import type { Cancellable } from "../backend.ts";
import type { Copy } from "./memory.ts";
import type { Dispatch } from "./prepared.ts";
import type { Session } from "./session.ts";

/** What the device is given at once: it begins while the host records the rest, at 4 µs a dispatch. */
export const recordedAtOnce = 512;

/** Work for a device, in order. */
export type Work = Dispatch | Copy;

/**
 * Submits work, split so that no submit exceeds `flopPerSubmit` if it has several dispatches, and waits where two of that
 * size are under way. Does not wait for the end.
 * Throws `BackendError`, or the signal's reason if it is aborted between two submits.
 */
export async function submitAll(
  session: Session,
  work: readonly Work[],
  { action, flopPerSubmit, signal }: { action: string; flopPerSubmit: number } & Cancellable,
): Promise<void> {
  const pending: Promise<void>[] = [];
  for (const group of submitsOf(work, flopPerSubmit)) {
    signal?.throwIfAborted();
    await session.checked(action, () => {
      for (let first = 0; first < group.length; first += recordedAtOnce) {
        submit(session, group.slice(first, first + recordedAtOnce));
      }
    });
    pending.push(session.orLost(action, session.device.queue.onSubmittedWorkDone()));
    pending.at(-1)!.catch(() => {});
    // Two at a time keep the device busy, and leave little to wait for after an abort.
    if (pending.length > 1) await pending.shift();
  }
}

/** Records work and submits it at once; `timestampWrites` go to each of its passes. */
export function submit(
  { device, counters }: Session,
  work: readonly Work[],
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const encoder = device.createCommandEncoder();
  let pass: GPUComputePassEncoder | undefined;
  for (const item of work) {
    if ("pipeline" in item) {
      pass ??= encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(item.pipeline);
      pass.setBindGroup(0, item.group);
      pass.dispatchWorkgroups(...item.workgroups);
      counters.dispatches++;
    } else {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(item.from, item.fromOffset, item.to, item.toOffset, item.bytes);
    }
  }
  pass?.end();
  device.queue.submit([encoder.finish()]);
  counters.submits++;
}

function submitsOf(work: readonly Work[], flopPerSubmit: number): Work[][] {
  const groups: Work[][] = [];
  let group: Work[] | undefined, flop = 0;
  for (const item of work) {
    const more = "flop" in item ? item.flop : 0;
    if (!group || (more > 0 && flop + more > flopPerSubmit)) {
      groups.push(group = []);
      flop = 0;
    }
    group.push(item);
    flop += more;
  }
  return groups;
}
