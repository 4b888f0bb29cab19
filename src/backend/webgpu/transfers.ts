import type { Tensor } from "../../graph/ops.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import {
  copiesOf,
  type Copy,
  createMemory,
  destroyMemory,
  type Memory,
  piecesOf,
  writeMemory,
  writePieces,
} from "./memory.ts";
import type { Prepared } from "./prepared.ts";
import type { Session } from "./session.ts";
import { BufferUsage, MAP_READ } from "./usage.ts";
import type { Work } from "./work.ts";

const action = "bring the results to the host";

/** Results that are being transferred to the host. */
export interface Results {
  readonly steps: number;
  readonly staging: Memory;
}

/** Transfers inputs to the device and outputs to the host. Its buffers grow to the largest use. */
export class Transfers {
  readonly #outputs: readonly (readonly [name: string, tensor: Tensor])[];
  readonly #inputs: readonly { readonly name: string; readonly tensor: Tensor }[];
  /** Bytes of all outputs, and where each begins. */
  readonly #bytes: number;
  readonly #places: readonly number[];
  /** Whether inputs keep their places from run to run. */
  readonly #keeps: boolean;
  #staging: Memory | undefined;
  #schedule: Memory | undefined;

  constructor(graph: Graph) {
    this.#outputs = Object.entries(graph.outputs);
    this.#inputs = tensorsOf(graph, "input").map((tensor) => ({
      name: tensor.attrs.name,
      tensor: tensor as Tensor,
    }));
    this.#keeps = tensorsOf(graph, "state").length > 0;
    let bytes = 0;
    this.#places = this.#outputs.map(([, { shape }]) => (bytes += 4 * sizeOf(shape)) - 4 * sizeOf(shape));
    this.#bytes = bytes;
  }

  /** Forgets its memory and returns it, for the caller to destroy. */
  forget(): (Memory | undefined)[] {
    const memory = [this.#staging, this.#schedule];
    this.#staging = this.#schedule = undefined;
    return memory;
  }

  /**
   * Writes the inputs of all steps and returns the work of the steps. Inputs of the first step are written in place.
   * Inputs of later steps that differ are written to a schedule, from which each step copies its own.
   */
  async record(
    prepared: Prepared,
    steps: readonly Readonly<Record<string, HostTensor>>[],
    feedback: Feedback,
  ): Promise<{ work: Work[]; results: Results }> {
    const { session, dispatches } = prepared;
    const changes = this.#changes(steps, feedback);
    const relay = this.#inputs.reduce(
      (sum, { name, tensor }) => sum + (name in feedback ? 4 * sizeOf(tensor.shape) : 0),
      0,
    );
    const scheduled = changes.reduce((sum, { data }) => sum + data.byteLength, 0);
    const schedule = await this.#grown(session, "schedule", relay + scheduled);
    const staging = await this.#grown(session, "staging", this.#bytes * steps.length);
    const copies: Copy[][] = steps.map(() => []);
    const words = new Uint32Array(scheduled / 4);
    let next = 0;
    for (const { step, tensor, data } of changes) {
      const bytes = data.byteLength, { pieces } = prepared.region(tensor);
      words.set(new Uint32Array(data.buffer, data.byteOffset, data.length), next / 4);
      copies[step]!.push(...copiesOf(piecesOf(schedule, { offset: relay + next, bytes }), pieces, bytes));
      next += bytes;
    }
    await session.checked("bring the inputs to the GPU", () => {
      for (const { name, tensor } of this.#inputs) {
        writePieces(session, prepared.region(tensor).pieces, steps[0]![name]!.data);
      }
      writeMemory(session, schedule, { offset: relay, data: words });
    });
    const work = steps.flatMap((_, step): Work[] => [
      ...step > 0 ? this.#feed(prepared, { feedback, schedule }) : [],
      ...copies[step]!,
      ...dispatches,
      ...this.#fetch(prepared, staging, step),
    ]);
    return { work, results: { steps: steps.length, staging } };
  }

  /** Waits for the results of all steps. Throws `BackendError` if the device is lost meanwhile. */
  async read(session: Session, { steps, staging }: Results): Promise<Record<string, HostTensor>[]> {
    const bytes = this.#bytes * steps, { counters } = session;
    const mapped = new Uint8Array(bytes);
    if (bytes > 0) {
      const pieces = piecesOf(staging, { offset: 0, bytes });
      await session.orLost(
        action,
        Promise.all(pieces.map(({ buffer, bytes }) => buffer.mapAsync(MAP_READ, 0, bytes))),
      );
      // A lost device may resolve pending calls before it reports its loss.
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      session.check(action);
      let next = 0;
      for (const { buffer, bytes } of pieces) {
        mapped.set(new Uint8Array(buffer.getMappedRange(0, bytes)), next);
        buffer.unmap();
        next += bytes;
      }
      counters.readBacks++;
      counters.bytesRead += bytes;
    }
    return Array.from(
      { length: steps },
      (_, step) =>
        Object.fromEntries(this.#outputs.map(([name, { shape, dtype }], i) => {
          const at = step * this.#bytes + this.#places[i]!;
          const part = mapped.slice(at, at + 4 * sizeOf(shape)).buffer;
          const tensor = dtype === "u32"
            ? u32Tensor(shape, new Uint32Array(part))
            : f32Tensor(shape, new Float32Array(part));
          return [name, tensor];
        })),
    );
  }

  /** The inputs of later steps that differ from the step before. */
  #changes(
    steps: readonly Readonly<Record<string, HostTensor>>[],
    feedback: Feedback,
  ): { step: number; tensor: Tensor; data: HostTensor["data"] }[] {
    return steps.flatMap((inputs, step) => {
      if (step === 0) return [];
      const changed = this.#inputs.filter(({ name }) =>
        !(name in feedback) && !(this.#keeps && sameValues(inputs[name]!, steps[step - 1]![name]!))
      );
      return changed.map(({ name, tensor }) => ({ step, tensor, data: inputs[name]!.data }));
    });
  }

  /** Copies outputs of a step to inputs of the next, through the schedule, as a buffer cannot be copied to itself. */
  #feed(prepared: Prepared, { feedback, schedule }: { feedback: Feedback; schedule: Memory }): Copy[] {
    let next = 0;
    const pairs = Object.entries(feedback).map(([input, output]) => {
      const from = prepared.region(this.#outputs.find(([name]) => name === output)![1]).pieces;
      const { tensor } = this.#inputs.find(({ name }) => name === input)!,
        to = prepared.region(tensor).pieces;
      const bytes = 4 * sizeOf(tensor.shape), relay = piecesOf(schedule, { offset: next, bytes });
      next += bytes;
      return [copiesOf(from, relay, bytes), copiesOf(relay, to, bytes)] as const;
    });
    return [...pairs.flatMap(([out]) => out), ...pairs.flatMap(([, back]) => back)];
  }

  #fetch(prepared: Prepared, staging: Memory, step: number): Copy[] {
    return this.#outputs.flatMap(([, tensor], i) => {
      const bytes = 4 * sizeOf(tensor.shape), offset = step * this.#bytes + this.#places[i]!;
      return copiesOf(prepared.region(tensor).pieces, piecesOf(staging, { offset, bytes }), bytes);
    });
  }

  async #grown(session: Session, which: "staging" | "schedule", bytes: number): Promise<Memory> {
    const current = which === "staging" ? this.#staging : this.#schedule;
    if (current && current.bytes >= bytes) return current;
    destroyMemory(session, current);
    const usage = BufferUsage.COPY_DST | (which === "staging" ? BufferUsage.MAP_READ : BufferUsage.COPY_SRC);
    const memory = await session.checked(
      "make room for inputs and results",
      () => createMemory(session, bytes, usage),
    );
    if (which === "staging") this.#staging = memory;
    else this.#schedule = memory;
    return memory;
  }
}

/** Which output of the step before each input receives. */
export type Feedback = Readonly<Record<string, string>>;

/** Whether two inputs of the same shape hold the same values. Each step may come with tensors of its own. */
function sameValues(a: HostTensor, b: HostTensor): boolean {
  return a === b || a.data.every((value, i) => value === b.data[i]);
}
