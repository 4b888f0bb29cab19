import type { Layout } from "./layout.ts";
import type { Session } from "./session.ts";
import { BufferUsage, MAP_READ } from "./usage.ts";

/** Bytes after each buffer of a guarded program that belong to no tensor. */
export const guardBytes = 256;
/** What they hold: as a float it is not a number, so that it shows where it is read, too. */
const sentinel = 0x7fc5a5a5;

/** Fills the whole arena with the sentinel. */
export function fillGuards(session: Session, { plan }: Layout, arena: GPUBuffer): void {
  session.write(arena, 0, new Uint32Array(plan.bytes / 4).fill(sentinel));
}

/** The buffers behind which something was written. */
export async function damagedGuards(session: Session, layout: Layout, arena: GPUBuffer): Promise<string[]> {
  const { bytes, offsets } = layout.plan;
  if (bytes === 0) return [];
  const staging = session.createBuffer(bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST);
  try {
    const encoder = session.device.createCommandEncoder();
    encoder.copyBufferToBuffer(arena, 0, staging, 0, bytes);
    session.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const words = new Uint32Array(staging.getMappedRange());
    const names = new Map<number, string>();
    for (const [tensor, index] of layout.tensors) names.set(index, tensor.op);
    for (const [{ scratch }, index] of layout.scratch) names.set(index, scratch);
    return offsets.flatMap((offset, i) => {
      const start = (offset + layout.sizes[i]!) / 4;
      const guard = words.subarray(start, start + guardBytes / 4);
      return guard.every((word) => word === sentinel) ? [] : [names.get(i)!];
    });
  } finally {
    session.destroyBuffer(staging);
  }
}
