import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { viewed } from "../../graph/views.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Cancellable, CommandTime, Program, ProgramStats, States } from "../backend.ts";
import { checkShared, type NamedTensors, stateOf, takeInputs, takeRun, valueFor } from "../inputs.ts";
import { Opcode } from "./_generated_opcodes.ts";
import type { Command } from "./commands.ts";
import { align } from "./heap.ts";
import { bytesOf, type Layout, planLayout } from "./layout.ts";
import { lower } from "./lower.ts";
import { joined } from "./joins.ts";
import type { Machine } from "./machine.ts";
import { ScratchBuffer } from "./scratch.ts";
import { type Part, partsOf } from "./parts.ts";
import { partOf, resetTable, tableBytes, writeTable } from "./table.ts";

/** The addresses of weights, read whenever the table is written, and whether each is packed. */
export interface Params {
  address(param: TensorOf<"param">): number;
  packed(param: TensorOf<"param">): boolean;
}

/**
 * A fused graph as a command table in WASM memory.
 *
 * Between runs it keeps its table, its constants and its states; everything else lies in the machine's workspace, which
 * moves when programs come and go. The table holds absolute addresses: it is rewritten before the first run after a
 * move.
 */
export class WasmProgram implements Program {
  readonly stats: ProgramStats;
  readonly states: States = {
    read: (name) => this.#exclusive(() => this.#read(this.#state(name), 0)),
    write: (name, value) =>
      this.#exclusive(() => {
        const state = this.#state(name);
        this.#write(this.#address(state, 0), valueFor(state, value));
      }),
  };
  readonly #graph: Graph;
  readonly #machine: Machine;
  readonly #params: Params;
  readonly #layout: Layout;
  readonly #inputs: readonly TensorOf<"input">[];
  readonly #anyParam: TensorOf<"param"> | undefined;
  /** Bytes that each thread has for itself, and the whole need of workspace. */
  readonly #scratchBytes: number;
  readonly #workspaceBytes: number;
  readonly #kept: Map<Tensor, number> = new Map();
  /** The program whose states this one shares, and where they lie. */
  readonly #sharing: WasmProgram | undefined;
  /** Whether it shares its states with other programs. */
  #shares = false;
  readonly #hasStates: boolean;
  readonly #shared: ReadonlyMap<Tensor, number>;
  /** On a guarded heap, each buffer's own block. */
  #guardedBuffers: number[] = [];
  #commands: readonly Command[] = [];
  readonly #parts: readonly Part[];
  #table = 0;
  /** Where the workspace was when the table was written. */
  #written = -1;
  #disposed = false;

  /** Call it with the machine for oneself. Throws `BackendError` if memory lacks, or kernels of training. */
  constructor(
    graph: Graph,
    { machine, params, sharing }: { machine: Machine; params: Params; sharing?: WasmProgram },
  ) {
    this.#graph = graph;
    this.#machine = machine;
    this.#params = params;
    this.#sharing = sharing;
    if (sharing) this.#shares = sharing.#shares = true;
    this.#hasStates = tensorsOf(graph, "state").length > 0;
    this.#shared = sharing ? sharing.#statesFor(graph) : new Map();
    this.#layout = planLayout(graph, {
      packed: (weight) => this.#packed(weight),
      training: machine.training,
    });
    this.#inputs = tensorsOf(graph, "input");
    this.#anyParam = tensorsOf(graph, "param")[0];
    const { plan } = this.#layout;
    const { heap, runner, workspace } = machine;
    try {
      // A first lowering, at no matter what address, says how much room the commands take.
      for (const tensor of this.#layout.kept) this.#kept.set(tensor, this.#shared.get(tensor) ?? align);
      this.#commands = this.#lower(align);
      this.#parts = partsOf(this.#commands);
      const perThread = Math.max(align, ...this.#commands.map(({ scratchBytes = 0 }) => scratchBytes));
      this.#scratchBytes = Math.ceil(perThread / align) * align;
      this.#workspaceBytes = (heap.guarded ? 0 : plan.bytes) + this.#scratchBytes * runner.threads;
      workspace.add(this.#workspaceBytes, () => {
        this.#kept.clear();
        for (const tensor of this.#layout.kept) {
          this.#kept.set(tensor, this.#shared.get(tensor) ?? this.#zeros(bytesOf(tensor)));
        }
        if (heap.guarded) this.#guardedBuffers = this.#layout.sizes.map((bytes) => heap.allocate(bytes));
        this.#table = heap.allocate(tableBytes(this.#commands));
      });
    } catch (error) {
      this.#freeBlocks();
      throw error;
    }
    for (const tensor of tensorsOf(graph, "constant")) {
      this.#write(this.#kept.get(tensor as Tensor)!, tensor.attrs.value);
    }
    this.stats = {
      flop: this.#commands.reduce((sum, { flop = 0 }) => sum + flop, 0),
      arenaBytes: plan.bytes,
      liveBytes: plan.liveBytes,
      commands: this.#commands.length,
    };
  }

  /** Whether it is a program of this machine. */
  isOn(machine: Machine): boolean {
    return machine === this.#machine;
  }

  async run(
    given: NamedTensors,
    options: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    const inputs = takeRun(this.#graph, given, options), { signal } = options;
    return await this.#exclusive(async () => {
      await this.#walk(inputs, { signal });
      const base = this.#machine.workspace.at(this.#workspaceBytes);
      return Object.fromEntries(
        Object.entries(this.#graph.outputs).map(([name, tensor]) => [name, this.#read(tensor, base)]),
      );
    }, { signal });
  }

  async profile(given: NamedTensors): Promise<CommandTime[]> {
    const inputs = takeInputs(this.#graph, given);
    const bytes = 8 * (this.#commands.length + 1), { heap } = this.#machine;
    return await this.#exclusive(async () => {
      const times = heap.allocate(bytes);
      try {
        await this.#walk(inputs, { times });
        const stamps = new Float64Array(heap.memory.buffer.slice(times, times + bytes));
        return this.#commands.map(({ opcode, flop = 0 }, i) => ({
          kernel: Opcode[opcode],
          seconds: (stamps[i + 1]! - stamps[i]!) / 1000,
          flop,
        }));
      } finally {
        heap.free(times);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#machine.release(() => {
      this.#freeBlocks();
      this.#machine.workspace.remove(this.#workspaceBytes);
    }, { cost: this.#cost });
  }

  /** What it costs to wait for it. All that concerns one program costs the same, so that it keeps its order. */
  get #cost(): number {
    return this.#shares ? Infinity : this.stats.flop;
  }

  #exclusive<T>(work: () => T | Promise<T>, options: Cancellable = {}): Promise<T> {
    return this.#machine.exclusive(work, { ...options, cost: this.#cost });
  }

  /** Writes the inputs and walks the table. */
  async #walk(
    inputs: NamedTensors,
    { signal, times = 0 }: Cancellable & { times?: number },
  ): Promise<void> {
    this.#checkUse();
    // Its weights may be gone, too.
    if (this.#anyParam) this.#params.address(this.#anyParam);
    const { heap, runner, workspace } = this.#machine;
    const base = workspace.at(this.#workspaceBytes);
    if (this.#written !== base) {
      this.#commands = this.#lower(base);
      writeTable(heap, this.#table, this.#commands);
      this.#written = base;
    } else {
      resetTable(heap, this.#table, this.#commands);
    }
    for (const tensor of this.#inputs) {
      this.#write(this.#address(tensor as Tensor, base), inputs[tensor.attrs.name]!);
    }
    const scratch = base + this.#workspaceBytes - this.#scratchBytes * runner.threads;
    // Times are of one walk. What others might do to states meanwhile, the rest of the run would see.
    const isWhole = times > 0 || this.#hasStates, { length } = this.#commands;
    const parts = isWhole ? [{ from: 0, to: length }] : this.#parts, last = parts.at(-1);
    for (const part of parts) {
      const table = partOf(heap, this.#table, part), count = part.to - part.from;
      await runner.walk({ table, count, scratch, scratchBytes: this.#scratchBytes, times }, signal);
      if (part !== last) {
        await this.#machine.pause({ flop: this.stats.flop, bytes: this.#workspaceBytes });
      }
    }
  }

  #lower(base: number): Command[] {
    const { steps, scratch, sizes } = this.#layout;
    return joined(steps.map((tensor, step) => {
      const buffer = scratch[step]!, address = this.#bufferAddress(buffer, base);
      const commands = lower(tensor, {
        of: (operand) => operand ? this.#address(operand, base) : 0,
        scratch: new ScratchBuffer(address).take,
        packed: (weight) => this.#packed(weight),
      }, this.#machine.training);
      return {
        tensor,
        commands,
        at: {
          of: (operand) => {
            const root = viewed(operand);
            if (root.op === "param") return;
            return { address: this.#address(root, base), bytes: bytesOf(root) };
          },
          scratch: { address, bytes: sizes[buffer]! },
        },
      };
    }));
  }

  #state(name: string): TensorOf<"state"> & Tensor {
    this.#checkUse();
    return stateOf(this.#graph, name);
  }

  /** Where the states lie that `graph` has in common with this program. */
  #statesFor(graph: Graph): Map<Tensor, number> {
    this.#checkUse();
    checkShared(graph, this.#graph);
    const own = new Map(tensorsOf(this.#graph, "state").map((state) => [state.attrs.name, state as Tensor]));
    return new Map(
      tensorsOf(graph, "state").flatMap((state) => {
        const same = own.get(state.attrs.name);
        return same ? [[state as Tensor, this.#kept.get(same)!] as const] : [];
      }),
    );
  }

  #checkUse(): void {
    if (this.#sharing) this.#sharing.#checkUse();
    if (!this.#disposed) return;
    throw new BackendError("Cannot run the program", {
      got: "one that was disposed",
      hint: "keep it until its last run has ended",
    });
  }

  #packed(weight: Tensor): boolean {
    return weight.op === "param" && this.#params.packed(weight);
  }

  #address(tensor: Tensor, base: number): number {
    const root = viewed(tensor);
    if (root.op === "param") return this.#params.address(root);
    return this.#kept.get(root) ?? this.#bufferAddress(this.#layout.buffers.get(root)!, base);
  }

  #bufferAddress(buffer: number, base: number): number {
    return this.#guardedBuffers[buffer] ?? base + this.#layout.plan.offsets[buffer]!;
  }

  #zeros(bytes: number): number {
    const { heap } = this.#machine, address = heap.allocate(bytes);
    heap.i32(address, bytes / 4).fill(0);
    return address;
  }

  #freeBlocks(): void {
    const { heap } = this.#machine;
    const shared = new Set(this.#shared.values());
    const own = [...this.#kept.values()].filter((address) => !shared.has(address));
    for (const address of [this.#table, ...own, ...this.#guardedBuffers]) heap.free(address);
  }

  #write(address: number, { data }: HostTensor): void {
    const { buffer } = this.#machine.heap.memory;
    if (data instanceof Uint32Array) new Uint32Array(buffer, address, data.length).set(data);
    else new Float32Array(buffer, address, data.length).set(data);
  }

  #read(tensor: Tensor, base: number): HostTensor {
    const { buffer } = this.#machine.heap.memory;
    const length = sizeOf(tensor.shape), address = this.#address(tensor, base);
    return tensor.dtype === "u32"
      ? u32Tensor(tensor.shape, new Uint32Array(buffer, address, length).slice())
      : f32Tensor(tensor.shape, new Float32Array(buffer, address, length).slice());
  }
}
