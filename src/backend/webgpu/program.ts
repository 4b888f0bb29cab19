import { fuse } from "../../graph/fuse.ts";
import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Cancellable, CommandTime, Program, ProgramStats } from "../backend.ts";
import { checkInputs } from "../inputs.ts";
import type { Gpu } from "./gpu.ts";
import { damagedGuards, fillGuards, guardBytes } from "./guards.ts";
import { planLayout } from "./layout.ts";
import { defaultFlopPerSubmit } from "./options.ts";
import { type Dispatch, type Plan, prepare, type Prepared } from "./prepared.ts";
import type { Session } from "./session.ts";
import type { WebGpuWeights } from "./weights.ts";
import { MAP_READ } from "./usage.ts";

const action = "run the program";

/**
 * A fused graph as a list of dispatches, each with its pipeline and bind group.
 *
 * What it has on a device is made anew when the device is lost, or when the arena that all programs work in moves.
 */
export class WebGpuProgram implements Program {
  readonly stats: ProgramStats;
  readonly #gpu: Gpu;
  readonly #plan: Plan;
  #prepared: Prepared | undefined;
  /** The session whose arena has room for the program. */
  #roomIn: Session | undefined;
  #disposed = false;

  private constructor(gpu: Gpu, plan: Plan) {
    this.#gpu = gpu;
    this.#plan = plan;
    const { commands, plan: arena } = plan.layout;
    this.stats = {
      flop: commands.reduce((sum, { flop }) => sum + flop, 0),
      arenaBytes: arena.bytes,
      liveBytes: arena.liveBytes,
      commands: commands.length,
    };
  }

  /** Plans and prepares. Throws `BackendError` where the device cannot run the program. */
  static compile(
    graph: Graph,
    { gpu, weights }: { gpu: Gpu; weights: WebGpuWeights },
  ): Promise<WebGpuProgram> {
    const fused = fuse(graph);
    return gpu.exclusive(async (session) => {
      const guard = gpu.parts.guarded ? guardBytes : 0;
      const program = new WebGpuProgram(gpu, {
        graph: fused,
        layout: planLayout(fused, {
          target: {
            tiling: session.tiling,
            workgroupBytes: session.device.limits.maxComputeWorkgroupStorageSize,
            format: (name) => weights.format(name),
          },
          align: session.align,
          guard,
        }),
        weights,
        flopPerSubmit: gpu.options.flopPerSubmit ?? defaultFlopPerSubmit(session.software),
        guard,
      });
      try {
        await program.#prepare(session);
      } catch (error) {
        program.#leave(session);
        throw error;
      }
      return program;
    });
  }

  run(
    inputs: Readonly<Record<string, HostTensor>>,
    { signal }: Cancellable = {},
  ): Promise<Record<string, HostTensor>> {
    checkInputs(this.#plan.graph, inputs);
    const work = this.#gpu.exclusive(async (session) => {
      const prepared = await this.#prepare(session);
      await this.#write(prepared, inputs);
      const groups = submitsOf(prepared.dispatches, this.#plan.flopPerSubmit);
      const pending: Promise<void>[] = [];
      for (const group of groups) {
        signal?.throwIfAborted();
        await session.checked(action, () => submit(session, group));
        pending.push(session.orLost(action, session.device.queue.onSubmittedWorkDone()));
        pending.at(-1)!.catch(() => {});
        // Two at a time keep the device busy, and leave little to wait for after an abort.
        if (pending.length > 1) await pending.shift();
      }
      return await this.#read(prepared);
    }, signal);
    return signal ? abortable(work, signal) : work;
  }

  profile(inputs: Readonly<Record<string, HostTensor>>): Promise<CommandTime[]> {
    checkInputs(this.#plan.graph, inputs);
    return this.#gpu.exclusive(async (session) => {
      const prepared = await this.#prepare(session);
      await this.#write(prepared, inputs);
      const times = this.#plan.layout.commands.map(({ kernel, flop }) => ({ kernel, flop, seconds: 0 }));
      for (const dispatch of prepared.dispatches) {
        const start = performance.now();
        await session.checked(action, () => submit(session, [dispatch]));
        await session.orLost(action, session.device.queue.onSubmittedWorkDone());
        times[dispatch.command]!.seconds += (performance.now() - start) / 1000;
      }
      return times;
    });
  }

  /** Where a guarded program's last run wrote and must not have: names of tensors and scratch buffers. */
  damaged(): Promise<string[]> {
    return this.#gpu.exclusive(async (session) =>
      await damagedGuards(session, this.#plan.layout, (await this.#prepare(session)).arena)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#gpu.release((session) => this.#leave(session));
  }

  async #prepare(session: Session): Promise<Prepared> {
    if (this.#disposed) {
      throw new BackendError(`Cannot ${action}`, {
        got: "one that was disposed",
        hint: "keep it until its last run has ended",
      });
    }
    const { weights, layout } = this.#plan;
    await weights.bring(session);
    if (this.#roomIn !== session) {
      session.arena.add(layout.plan.bytes);
      this.#roomIn = session;
    }
    const current = this.#prepared;
    if (current?.session === session && current.arena === await session.arena.buffer()) return current;
    this.#prepared = undefined;
    for (const buffer of current?.own ?? []) session.destroyBuffer(buffer);
    return this.#prepared = await prepare(session, this.#plan);
  }

  #leave(session: Session): void {
    for (const buffer of this.#prepared?.own ?? []) session.destroyBuffer(buffer);
    if (this.#roomIn === session) session.arena.remove(this.#plan.layout.plan.bytes);
    this.#prepared = this.#roomIn = undefined;
  }

  async #write(prepared: Prepared, inputs: Readonly<Record<string, HostTensor>>): Promise<void> {
    const { session } = prepared, { graph, guard, layout } = this.#plan;
    await session.checked("bring the inputs to the GPU", () => {
      if (guard) fillGuards(session, layout, prepared.arena);
      for (const tensor of tensorsOf(graph, "input")) {
        const { data } = inputs[tensor.attrs.name]!;
        const { buffer, offset } = prepared.region(tensor as (typeof graph.tensors)[number]);
        session.write(buffer, offset, data);
      }
    });
  }

  async #read(prepared: Prepared): Promise<Record<string, HostTensor>> {
    const { session, staging } = prepared, { device, counters } = session;
    const outputs = Object.entries(this.#plan.graph.outputs);
    let bytes = 0;
    const places = outputs.map(([, { shape }]) => (bytes += 4 * sizeOf(shape)) - 4 * sizeOf(shape));
    if (bytes > 0) {
      await session.checked("bring the results to the host", () => {
        const encoder = device.createCommandEncoder();
        outputs.forEach(([, tensor], i) => {
          const { buffer, offset } = prepared.region(tensor), size = 4 * sizeOf(tensor.shape);
          if (size > 0) encoder.copyBufferToBuffer(buffer, offset, staging, places[i]!, size);
        });
        device.queue.submit([encoder.finish()]);
      });
      counters.submits++;
      await session.orLost(action, staging.mapAsync(MAP_READ, 0, bytes));
      // A lost device may resolve what it can no longer do, before it tells of its loss.
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      session.check(action);
      counters.readBacks++;
      counters.bytesRead += bytes;
    }
    const mapped = bytes > 0 ? staging.getMappedRange(0, bytes).slice(0) : new ArrayBuffer(0);
    if (bytes > 0) staging.unmap();
    return Object.fromEntries(outputs.map(([name, { shape, dtype }], i) => {
      const length = sizeOf(shape), at = places[i]!;
      return [
        name,
        dtype === "u32"
          ? u32Tensor(shape, new Uint32Array(mapped.slice(at, at + 4 * length)))
          : f32Tensor(shape, new Float32Array(mapped.slice(at, at + 4 * length))),
      ];
    }));
  }
}

/** Cuts dispatches into submits of at most `flopPerSubmit`, or of one dispatch. */
function submitsOf(dispatches: readonly Dispatch[], flopPerSubmit: number): Dispatch[][] {
  const groups: Dispatch[][] = [];
  let flop = Infinity;
  for (const dispatch of dispatches) {
    if (flop + dispatch.flop > flopPerSubmit) {
      groups.push([]);
      flop = 0;
    }
    groups.at(-1)!.push(dispatch);
    flop += dispatch.flop;
  }
  return groups;
}

function submit({ device, counters }: Session, dispatches: readonly Dispatch[]): void {
  const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
  for (const { pipeline, group, workgroups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
  counters.submits++;
  counters.dispatches += dispatches.length;
}

/** Rejects as soon as `signal` is aborted; the work ends by itself. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  return promise;
}
