import { type Graph, tensorsOf } from "../../graph/trace.ts";
import type { Tensor } from "../../graph/ops.ts";
import { viewed } from "../../graph/views.ts";
import { bindingOf } from "./binding.ts";
import { type Command, maxWorkgroups, type Operand, type Workgroups } from "./commands.ts";
import { isTensor, type Layout } from "./layout.ts";
import { createMemory, destroyMemory, type Memory, type Piece, piecesOf, writeMemory } from "./memory.ts";
import type { Region } from "./region.ts";
import type { Session } from "./session.ts";
import type { WebGpuWeights } from "./weights.ts";
import { BufferUsage } from "./usage.ts";

/** A dispatch that is ready to be recorded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Workgroups;
  readonly flop: number;
  /** The command that it belongs to. */
  readonly command: number;
}

/** A program's resources on one device. */
export interface Prepared {
  readonly session: Session;
  readonly arena: Memory;
  readonly dispatches: readonly Dispatch[];
  /** Memory that only this program uses. */
  readonly own: readonly Memory[];
  /** Where a tensor is stored. */
  region(tensor: Tensor): Region;
}

/** What is to be prepared. */
export interface Plan {
  readonly graph: Graph;
  readonly layout: Layout;
  readonly weights: WebGpuWeights;
  readonly flopPerSubmit: number;
  /** Where the program's states are stored. */
  readonly states: ReadonlyMap<Tensor, Memory>;
  /** Bytes of each buffer's guard. */
  readonly guard: number;
}

/** What memory of a program is used for. */
export const storage: number = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;

/** Compiles the kernels of a program for a device, and binds its memory. Throws `BackendError`. */
export async function prepare(session: Session, plan: Plan): Promise<Prepared> {
  const { graph, layout, weights, guard } = plan;
  await weights.bring(session);
  const arena = await session.arena.memory(layout.plan.bytes), limit = session.maxBindingBytes;
  const own: Memory[] = [];
  const create = (usage: GPUBufferUsageFlags, data: ArrayBufferView): Memory => {
    const memory = createMemory(session, data.byteLength, usage);
    own.push(memory);
    writeMemory(session, memory, { offset: 0, data });
    return memory;
  };
  try {
    const constants = await session.checked("place the program's constants", () =>
      new Map(
        tensorsOf(graph, "constant").map((tensor) => {
          const { data } = tensor.attrs.value;
          return [tensor as Tensor, create(storage, data)] as const;
        }),
      ));
    const region = (operand: Operand): Region => {
      if ("packed" in operand) {
        const { packed: { attrs: { name } }, layout, words } = operand;
        const f16 = session.f16 && !words && layout === "matrix" && weights.format(name) === "f16";
        return { ...whole(weights.memory(name, layout)), f16 };
      }
      if (!isTensor(operand)) return inArena(layout.scratch.get(operand)!);
      const tensor = viewed(operand);
      const state = plan.states.get(tensor);
      if (state) return { ...whole(state), written: true };
      const memory = tensor.op === "param"
        ? weights.memory(tensor.attrs.name, "plain")
        : constants.get(tensor);
      return memory ? whole(memory) : inArena(layout.tensors.get(tensor)!, layout.f16.has(tensor));
    };
    const whole = (memory: Memory): Region => ({
      pieces: piecesOf(memory, { offset: 0, bytes: memory.bytes, limit }),
      ...{ written: false, f16: false },
    });
    const inArena = (index: number, f16 = false): Region => {
      const offset = layout.plan.offsets[index]!, bytes = Math.max(4, layout.sizes[index]!) + guard;
      return { pieces: piecesOf(arena, { offset, bytes, limit }), written: true, f16 };
    };
    const parts = layout.commands.map((command) => partsOf(command, plan.flopPerSubmit));
    const firsts = await placeFirsts(session, { parts, create });
    const lists = await Promise.all(layout.commands.map(async (command, index) => {
      const { pipeline, bind } = await bindingOf(session, {
        command,
        region,
        split: parts[index]!.length > 1,
      });
      return await session.checked(
        `bind the memory of ${command.kernel}`,
        () =>
          parts[index]!.map(({ workgroups, share }, part): Dispatch => ({
            pipeline,
            group: bind(firsts.get(index)?.[part]),
            workgroups,
            flop: command.flop * share,
            command: index,
          })),
      );
    }));
    return { session, arena, dispatches: lists.flat(), own, region };
  } catch (error) {
    for (const memory of own) destroyMemory(session, memory);
    throw error;
  }
}

/** A part of a command: some of its workgroups along y. */
interface Part {
  readonly first: number;
  readonly workgroups: Workgroups;
  /** Its part of the work. */
  readonly share: number;
}

function partsOf({ workgroups: [x, y, z], flop, splits }: Command, flopPerSubmit: number): Part[] {
  if (!splits) return [{ first: 0, workgroups: [x, y, z], share: 1 }];
  const wanted = Math.max(1, Math.ceil(flop / flopPerSubmit));
  const rows = Math.min(Math.ceil(y / wanted), maxWorkgroups);
  return Array.from({ length: Math.ceil(y / rows) }, (_, i) => {
    const count = Math.min(rows, y - i * rows);
    return { first: i * rows, workgroups: [x, count, z], share: count / y };
  });
}

/** The uniform of each part of the commands that have several, in one buffer. */
async function placeFirsts(
  session: Session,
  { parts, create }: {
    parts: readonly (readonly Part[])[];
    create: (usage: GPUBufferUsageFlags, data: ArrayBufferView) => Memory;
  },
): Promise<Map<number, GPUBufferBinding[]>> {
  const step = Math.max(256, session.device.limits.minUniformBufferOffsetAlignment) / 4;
  const split = [...parts.entries()].filter(([, { length }]) => length > 1);
  const words = new Uint32Array(step * split.reduce((sum, [, { length }]) => sum + length, 0));
  if (words.length === 0) return new Map();
  const usage = BufferUsage.UNIFORM | BufferUsage.COPY_DST;
  let next = 0;
  const places = split.map(([command, list]) =>
    [
      command,
      list.map(({ first }) => {
        words[next] = first;
        next += step;
        return next - step;
      }),
    ] as const
  );
  const memory = await session.checked("place the parts of long commands", () => create(usage, words));
  const first = (at: number) => {
    const [{ buffer, offset }] = piecesOf(memory, { offset: 4 * at, bytes: 16 }) as [Piece];
    return { buffer, offset, size: 16 };
  };
  return new Map(places.map(([command, list]) => [command, list.map(first)]));
}
