import type { Spec, Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { copiesOf, createMemory, destroyMemory, type Memory, piecesOf, writeMemory } from "./memory.ts";
import { storage } from "./prepared.ts";
import type { Session } from "./session.ts";
import { BufferUsage, MAP_READ } from "./usage.ts";

const action = "read a state";

/** Zeroed memory for the states of `graph`. A state whose name is among `shared` uses the memory given there. */
export function createStates(
  session: Session,
  graph: Graph,
  shared: ReadonlyMap<Tensor, Memory>,
): Promise<Map<Tensor, Memory>> {
  const theirs = new Map([...shared].map(([state, memory]) => [nameOf(state), memory] as const));
  return session.checked("make room for the program's states", () =>
    new Map(
      tensorsOf(graph, "state").map((state): [Tensor, Memory] => {
        const bytes = (state.attrs.f16 ? 2 : 4) * sizeOf(state.shape);
        return [state as Tensor, theirs.get(state.attrs.name) ?? createMemory(session, bytes, storage)];
      }),
    ));
}

function nameOf(state: Tensor): string {
  return state.op === "state" ? state.attrs.name : "";
}

/** Reads a state after all earlier work has ended. Throws `BackendError` if the device is lost. */
export async function readState(
  session: Session,
  memory: Memory,
  { shape, dtype }: Spec,
): Promise<HostTensor> {
  const bytes = 4 * sizeOf(shape), { device } = session, data = new Uint8Array(bytes);
  const staging = await session.checked(action, () => {
    const staging = createMemory(session, bytes, BufferUsage.COPY_DST | BufferUsage.MAP_READ);
    const [from, to] = [memory, staging].map((each) => piecesOf(each, { offset: 0, bytes }));
    const encoder = device.createCommandEncoder();
    for (const copy of copiesOf(from!, to!, bytes)) {
      encoder.copyBufferToBuffer(copy.from, copy.fromOffset, copy.to, copy.toOffset, copy.bytes);
    }
    device.queue.submit([encoder.finish()]);
    return staging;
  });
  try {
    let done = 0;
    for (const { buffer, bytes: size } of piecesOf(staging, { offset: 0, bytes })) {
      await session.orLost(action, buffer.mapAsync(MAP_READ, 0, size));
      // A lost device may resolve pending calls before it reports its loss.
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      session.check(action);
      data.set(new Uint8Array(buffer.getMappedRange(0, size)), done);
      done += size;
    }
  } finally {
    destroyMemory(session, staging);
  }
  return dtype === "u32"
    ? u32Tensor(shape, new Uint32Array(data.buffer))
    : f32Tensor(shape, new Float32Array(data.buffer));
}

/** Writes a state. */
export async function writeState(session: Session, memory: Memory, { data }: HostTensor): Promise<void> {
  await session.checked("write a state", () => writeMemory(session, memory, { offset: 0, data }));
}
