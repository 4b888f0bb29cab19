import { type Graph, tensorsOf } from "../../graph/trace.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Command, maxWorkgroups, type Operand, type Workgroups } from "./commands.ts";
import { isTensor, type Layout, viewed } from "./layout.ts";
import { type Session, tooLarge } from "./session.ts";
import type { BindingUse } from "./specialise.ts";
import type { WebGpuWeights } from "./weights.ts";
import { BufferUsage } from "./usage.ts";

/** A part of a device's memory. */
export interface Region {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
  /** Whether kernels may write it. */
  readonly written: boolean;
}

/** A dispatch that only has to be recorded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Workgroups;
  readonly flop: number;
  /** The command that it belongs to. */
  readonly command: number;
}

/** What a program has on one device. */
export interface Prepared {
  readonly session: Session;
  readonly arena: GPUBuffer;
  readonly dispatches: readonly Dispatch[];
  /** Buffers that belong to the program alone. */
  readonly own: readonly GPUBuffer[];
  /** Where a tensor lies. */
  region(tensor: Tensor): Region;
}

/** What is to be prepared. */
export interface Plan {
  readonly graph: Graph;
  readonly layout: Layout;
  readonly weights: WebGpuWeights;
  readonly flopPerSubmit: number;
  /** The buffers of the program's states. */
  readonly states: ReadonlyMap<Tensor, GPUBuffer>;
  /** Bytes of each buffer's guard. */
  readonly guard: number;
}

/** What memory of a program is used for. */
export const storage: number = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;

/** Compiles the kernels of a program for a device, and binds its memory. Throws `BackendError`. */
export async function prepare(session: Session, plan: Plan): Promise<Prepared> {
  const { graph, layout, weights, guard } = plan;
  await weights.bring(session);
  const arena = await session.arena.buffer();
  const own: GPUBuffer[] = [];
  const create = (bytes: number, usage: GPUBufferUsageFlags, data?: ArrayBufferView): GPUBuffer => {
    const buffer = session.createBuffer(bytes, usage);
    own.push(buffer);
    if (data) session.write(buffer, 0, data);
    return buffer;
  };
  try {
    const constants = await session.checked("place the program's constants", () =>
      new Map(
        tensorsOf(graph, "constant").map((tensor) => {
          const { data } = tensor.attrs.value;
          return [tensor as Tensor, create(data.byteLength, storage, data)] as const;
        }),
      ));
    const region = (operand: Operand): Region => {
      if ("packed" in operand) {
        const buffer = weights.buffer(operand.packed.attrs.name, operand.layout);
        return { buffer, offset: 0, bytes: buffer.size, written: false };
      }
      if (isTensor(operand)) {
        const tensor = viewed(operand);
        const state = plan.states.get(tensor);
        if (state) return { buffer: state, offset: 0, bytes: state.size, written: true };
        const buffer = tensor.op === "param"
          ? weights.buffer(tensor.attrs.name, "plain")
          : constants.get(tensor);
        if (buffer) return { buffer, offset: 0, bytes: buffer.size, written: false };
        return inArena(layout.tensors.get(tensor)!);
      }
      return inArena(layout.scratch.get(operand)!);
    };
    const inArena = (index: number): Region => ({
      buffer: arena,
      offset: layout.plan.offsets[index]!,
      bytes: Math.max(4, layout.sizes[index]!) + guard,
      written: true,
    });
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
    for (const buffer of own) session.destroyBuffer(buffer);
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
    create: (bytes: number, usage: GPUBufferUsageFlags, data: ArrayBufferView) => GPUBuffer;
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
  const buffer = await session.checked(
    "place the parts of long commands",
    () => create(words.byteLength, usage, words),
  );
  return new Map(
    places.map(([command, list]) => [command, list.map((at) => ({ buffer, offset: 4 * at, size: 16 }))]),
  );
}

/** A command's pipeline, and what makes its bind groups. */
async function bindingOf(
  session: Session,
  { command, region, split }: { command: Command; region: (operand: Operand) => Region; split: boolean },
): Promise<{ pipeline: GPUComputePipeline; bind: (first?: GPUBufferBinding) => GPUBindGroup }> {
  const { kernel, constants } = command, { device } = session;
  const limit = device.limits.maxStorageBufferBindingSize;
  const regions = new Map<string, Region>(), uses: Record<string, BindingUse> = {};
  for (const [name, operand] of Object.entries(command.bindings)) {
    if (!operand) continue;
    const own = region(operand);
    if (own.bytes > limit) throw tooLarge(`${name} of ${kernel}`, { bytes: own.bytes, limit });
    // The device refuses memory that is written under two names, even if one is only read.
    const same = own.written &&
      [...regions].find(([, { buffer, offset }]) => buffer === own.buffer && offset === own.offset);
    uses[name] = same ? { sameAs: same[0] } : { readOnly: !own.written };
    if (!same) regions.set(name, own);
  }
  const { pipeline, layout, bindings } = await session.pipelines.get(
    kernel,
    split ? { ...constants, SPLIT: true } : constants,
    uses,
  );
  const bind = (first?: GPUBufferBinding) =>
    device.createBindGroup({
      label: kernel,
      layout,
      entries: bindings.map(({ name, index }) => {
        const { buffer, offset, bytes } = regions.get(name) ?? {};
        const resource = buffer ? { buffer, offset, size: bytes } : first!;
        return { binding: index, resource };
      }),
    });
  return { pipeline, bind };
}
