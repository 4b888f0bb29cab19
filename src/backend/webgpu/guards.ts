import type { Layout } from "./layout.ts";
import { copiesOf, createMemory, destroyMemory, type Memory, piecesOf, writeMemory } from "./memory.ts";
import type { Session } from "./session.ts";
import { BufferUsage, MAP_READ } from "./usage.ts";

/** Bytes after each buffer of a guarded program that belong to no tensor. */
export const guardBytes = 256;
/** The value of guard words. As a float it is NaN, so that a kernel that reads it can be noticed, too. */
const sentinel = 0x7fc5a5a5;

/** Fills the whole arena with the sentinel. */
export function fillGuards(session: Session, { plan }: Layout, arena: Memory): void {
  writeMemory(session, arena, { offset: 0, data: new Uint32Array(plan.bytes / 4).fill(sentinel) });
}

/** The names of the buffers whose guards were overwritten. */
export async function damagedGuards(session: Session, layout: Layout, arena: Memory): Promise<string[]> {
  const { bytes, offsets } = layout.plan;
  if (bytes === 0) return [];
  const staging = createMemory(session, bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST);
  try {
    const encoder = session.device.createCommandEncoder();
    const whole = { offset: 0, bytes };
    for (
      const { from, fromOffset, to, toOffset, bytes: size } of copiesOf(
        piecesOf(arena, whole),
        piecesOf(staging, whole),
        bytes,
      )
    ) encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, size);
    session.device.queue.submit([encoder.finish()]);
    const words = new Uint32Array(bytes / 4);
    let next = 0;
    for (const { buffer, bytes: size } of piecesOf(staging, whole)) {
      await buffer.mapAsync(MAP_READ, 0, size);
      words.set(new Uint32Array(buffer.getMappedRange(0, size)), next);
      next += size / 4;
    }
    const names = new Map<number, string>();
    for (const [tensor, index] of layout.tensors) names.set(index, tensor.op);
    for (const [{ scratch }, index] of layout.scratch) names.set(index, scratch);
    return offsets.flatMap((offset, i) => {
      const start = (offset + layout.sizes[i]!) / 4;
      const guard = words.subarray(start, start + guardBytes / 4);
      return guard.every((word) => word === sentinel) ? [] : [names.get(i)!];
    });
  } finally {
    destroyMemory(session, staging);
  }
}
