import type { Tensor } from "../../graph/ops.ts";
import { inputsOf } from "../../graph/ops.ts";
import { type ArenaPlan, type Lifetime, planArena } from "../../graph/plan_memory.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Cancellable, CommandTime, Program, ProgramStats } from "../backend.ts";
import { checkInputs } from "../inputs.ts";
import { Opcode } from "../../../wasm/opcodes.ts";
import type { Command } from "./commands.ts";
import { align, type Heap } from "./heap.ts";
import { lower, scratchBytes } from "./lower.ts";
import type { Pool, Walk } from "./pool.ts";

/** Words of a command before its arguments: opcode, items, counter, unused. */
const headWords = 4;
const counterWord = 2;

/** Runs tables one after the other on the backend's memory and threads. */
export interface Machine {
  readonly heap: Heap;
  readonly pool: Pool;
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A fused graph as a command table in WASM memory. */
export class WasmProgram implements Program {
  readonly stats: ProgramStats;
  readonly #graph: Graph;
  readonly #machine: Machine;
  readonly #address: (tensor: Tensor) => number;
  readonly #commands: readonly Command[];
  readonly #walk: Walk;
  /** Address of each command's counter, to be zero before a run. */
  readonly #counters: readonly number[];
  readonly #blocks: { address: number; bytes: number }[] = [];

  constructor(graph: Graph, { machine, params }: { machine: Machine; params: ReadonlyMap<Tensor, number> }) {
    this.#graph = graph;
    this.#machine = machine;
    const layout = planTensors(graph);
    const arena = this.#allocate(layout.plan.bytes);
    this.#address = (tensor) => {
      const root = viewed(tensor);
      return params.get(root) ?? arena + layout.plan.offsets[layout.buffers.get(root)!]!;
    };
    this.#writeConstants();
    this.#commands = layout.steps.flatMap((tensor, step) =>
      lower(tensor, {
        of: (operand) => operand ? this.#address(operand) : 0,
        scratch: arena + layout.plan.offsets[layout.scratch[step]!]!,
      })
    );
    const threads = machine.pool.threads;
    const perThread = Math.max(align, ...this.#commands.map(({ scratchBytes = 0 }) => scratchBytes));
    const scratchStride = Math.ceil(perThread / align) * align;
    const { table, counters } = this.#writeTable();
    this.#counters = counters;
    this.#walk = {
      table,
      count: this.#commands.length,
      scratch: this.#allocate(scratchStride * threads),
      scratchBytes: scratchStride,
      times: 0,
    };
    this.stats = {
      flop: this.#commands.reduce((sum, { flop = 0 }) => sum + flop, 0),
      arenaBytes: layout.plan.bytes,
      liveBytes: layout.plan.liveBytes,
      commands: this.#commands.length,
    };
  }

  run(
    inputs: Readonly<Record<string, HostTensor>>,
    { signal }: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    checkInputs(this.#graph, inputs);
    return this.#machine.exclusive(async () => {
      this.#writeInputs(inputs);
      await this.#machine.pool.walk(this.#walk, signal);
      return Object.fromEntries(
        Object.entries(this.#graph.outputs).map(([name, tensor]) => [name, this.#read(tensor)]),
      );
    });
  }

  profile(inputs: Readonly<Record<string, HostTensor>>): Promise<CommandTime[]> {
    checkInputs(this.#graph, inputs);
    const bytes = 8 * (this.#commands.length + 1), { heap, pool } = this.#machine;
    return this.#machine.exclusive(async () => {
      const times = heap.allocate(bytes);
      this.#writeInputs(inputs);
      await pool.walk({ ...this.#walk, times });
      const stamps = new Float64Array(heap.memory.buffer.slice(times, times + bytes));
      heap.free(times, bytes);
      return this.#commands.map(({ opcode, flop = 0 }, i) => ({
        kernel: Opcode[opcode],
        seconds: (stamps[i + 1]! - stamps[i]!) / 1000,
        flop,
      }));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#machine.exclusive(() => {
      for (const { address, bytes } of this.#blocks.splice(0)) this.#machine.heap.free(address, bytes);
      return Promise.resolve();
    });
  }

  #allocate(bytes: number): number {
    const address = this.#machine.heap.allocate(bytes);
    this.#blocks.push({ address, bytes });
    return address;
  }

  #writeConstants(): void {
    for (const tensor of tensorsOf(this.#graph, "constant")) {
      this.#write(this.#address(tensor as Tensor), tensor.attrs.value);
    }
  }

  #writeInputs(inputs: Readonly<Record<string, HostTensor>>): void {
    for (const tensor of tensorsOf(this.#graph, "input")) {
      this.#write(this.#address(tensor as Tensor), inputs[tensor.attrs.name]!);
    }
    const words = this.#machine.heap.i32(0, this.#machine.heap.memory.buffer.byteLength / 4);
    for (const counter of this.#counters) words[counter / 4] = 0;
  }

  #writeTable(): { table: number; counters: number[] } {
    const { heap } = this.#machine;
    const table = this.#allocate(4 * this.#commands.length);
    const sizes = this.#commands.map(({ args }) => headWords + args.length);
    let address = this.#allocate(4 * sizes.reduce((sum, size) => sum + size, 0));
    const pointers = heap.i32(table, this.#commands.length);
    const counters = this.#commands.map(({ opcode, items, args }, i) => {
      heap.i32(address, sizes[i]!).set([opcode, items, 0, 0, ...args]);
      pointers[i] = address;
      address += 4 * sizes[i]!;
      return pointers[i]! + 4 * counterWord;
    });
    return { table, counters };
  }

  #write(address: number, { data }: HostTensor): void {
    const { buffer } = this.#machine.heap.memory;
    if (data instanceof Uint32Array) new Uint32Array(buffer, address, data.length).set(data);
    else new Float32Array(buffer, address, data.length).set(data);
  }

  #read(tensor: Tensor): HostTensor {
    const { buffer } = this.#machine.heap.memory,
      length = sizeOf(tensor.shape),
      address = this.#address(tensor);
    return tensor.dtype === "u32"
      ? u32Tensor(tensor.shape, new Uint32Array(buffer, address, length).slice())
      : f32Tensor(tensor.shape, new Float32Array(buffer, address, length).slice());
  }
}

/** The tensor whose elements a view shows. */
export function viewed(tensor: Tensor): Tensor {
  return tensor.op === "reshape" ? viewed(tensor.inputs.x) : tensor;
}

interface TensorPlan {
  readonly plan: ArenaPlan;
  /** The tensors to compute, in order, and for each the buffer of its scratch. */
  readonly steps: readonly Tensor[];
  readonly scratch: readonly number[];
  /** The buffer of each tensor that is neither a weight nor a view. */
  readonly buffers: ReadonlyMap<Tensor, number>;
}

/** One arena for all tensors: inputs from the start, outputs to the end, constants for ever, others while needed. */
function planTensors(graph: Graph): TensorPlan {
  const leaves: readonly string[] = ["input", "constant", "param", "reshape"];
  const steps = graph.tensors.filter((tensor) => !leaves.includes(tensor.op));
  const end = steps.length;
  const buffers = new Map<Tensor, number>();
  const lifetimes: { bytes: number; first: number; last: number }[] = [];
  const add = (bytes: number, step: number, last: number): number =>
    lifetimes.push({ bytes, first: step, last }) - 1;
  for (const tensor of graph.tensors) {
    if (tensor.op === "param" || tensor.op === "reshape") continue;
    const step = steps.indexOf(tensor);
    // Kernels work on whole vectors, so every buffer is padded to them; the arena's alignment sees to it.
    const last = tensor.op === "constant" ? end : Math.max(step, 0);
    buffers.set(tensor, add(4 * sizeOf(tensor.shape), Math.max(step, -1), last));
  }
  const scratch = steps.map((tensor, step) => {
    for (const read of inputsOf(tensor).map(viewed)) extend(read, step);
    return add(scratchBytes(tensor), step, step);
  });
  for (const output of Object.values(graph.outputs)) extend(viewed(output), end);
  return { plan: planArena(lifetimes satisfies Lifetime[], align), steps, scratch, buffers };

  function extend(tensor: Tensor, step: number): void {
    const buffer = buffers.get(tensor);
    if (buffer !== undefined) lifetimes[buffer]!.last = Math.max(lifetimes[buffer]!.last, step);
  }
}
