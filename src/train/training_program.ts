import {
  activationFormatNames,
  type Backend,
  type CompileOptions,
  type Program,
  type ProgramStats,
  type States,
  type Weights,
} from "../backend/backend.ts";
import { backendKind } from "../backend/requests.ts";
import { tensorsOf } from "../graph/trace.ts";
import { unfit } from "../tensor/describe.ts";
import { checkKind, checkOptions, type Kinds, oneOf, record, required } from "../tensor/options.ts";
import { BackendError } from "../tensor/errors.ts";
import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";
import { microbatchInput } from "./accumulate_gradients.ts";
import { checkStep, type TrainingStep } from "./training_step.ts";

const kinds: Kinds<Pick<CompileOptions, "activations"> & { weights: Weights }> = {
  weights: required(record),
  activations: oneOf(activationFormatNames),
};

/** Inputs of a program, by name. */
export type Inputs = Readonly<Record<string, HostTensor>>;

/** The two programs of a training step, and the states that they share. Disposing frees them. */
export class TrainingProgram implements AsyncDisposable {
  /** Computes losses, and adds gradients to the states. */
  readonly gradients: Program;
  /** Applies the gradients. */
  readonly application: Program;
  /** The states of both. */
  readonly states: States;

  private constructor(gradients: Program, application: Program, states: States) {
    this.gradients = gradients;
    this.application = application;
    this.states = states;
  }

  /**
   * Compiles both graphs of a step, with states of zeros (see `initializeStates`). `activations` applies to the losses
   * and gradients alone. Throws `BackendError` where the backend cannot train.
   */
  static async compile(
    backend: Backend,
    step: TrainingStep,
    options: Pick<CompileOptions, "activations"> & { weights: Weights },
  ): Promise<TrainingProgram> {
    checkOptions(options, kinds, "compile the training");
    checkKind(backend, backendKind, "Cannot compile the training: backend");
    checkStep(step, "compile the training");
    const { gradients, apply } = step, { weights, activations } = options;
    await using programs = new AsyncDisposableStack();
    const first = programs.use(await backend.compile(gradients, weights, { activations }));
    const second = programs.use(await backend.compile(apply, weights, { states: first }));
    if (!first.states || !second.states) {
      throw new BackendError("Cannot train", {
        expected: "a backend with access to states",
        got: "one without",
      });
    }
    const names = new Set(tensorsOf(gradients, "state").map(({ attrs }) => attrs.name));
    const all = { gradients: first.states, application: second.states };
    const of = (name: string) => names.has(name) ? all.gradients : all.application;
    const states: States = {
      read: (name) => of(name).read(name),
      write: (name, value) => of(name).write(name, value),
    };
    programs.move();
    return new TrainingProgram(first, second, states);
  }

  /** Arithmetic and commands of a step of one microbatch, and the larger of both arenas. */
  get stats(): ProgramStats {
    const [a, b] = [this.gradients.stats, this.application.stats];
    return {
      flop: a.flop + b.flop,
      arenaBytes: Math.max(a.arenaBytes, b.arenaBytes),
      liveBytes: Math.max(a.liveBytes, b.liveBytes),
      commands: a.commands + b.commands,
    };
  }

  /**
   * Runs a step. Each microbatch comes with all inputs of both graphs. Gives the numbers of both, each `[]`: losses are
   * means over the microbatches.
   */
  async run(...microbatches: readonly Inputs[]): Promise<Record<string, HostTensor>> {
    if (microbatches.length === 0) throw unfit("Cannot run the step: inputs", "at least one microbatch", []);
    for (const inputs of microbatches) checkKind(inputs, record, "Cannot run the step: inputs");
    const losses: Record<string, HostTensor>[] = [];
    for (const [i, inputs] of microbatches.entries()) {
      losses.push(await this.gradients.run({ ...inputs, ...microbatchInput(i) }));
    }
    return { ...means(losses), ...await this.application.run(microbatches.at(-1)!) };
  }

  /** Frees both programs and the states. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.application[Symbol.asyncDispose]();
    await this.gradients[Symbol.asyncDispose]();
  }
}

function means(outputs: readonly Record<string, HostTensor>[]): Record<string, HostTensor> {
  const [first, ...others] = outputs;
  if (others.length === 0) return first!;
  return Object.fromEntries(
    Object.keys(first!).map((name) => {
      const sum = outputs.reduce((sum, output) => sum + output[name]!.data[0]!, 0);
      return [name, f32Tensor([], Float32Array.of(sum / outputs.length))];
    }),
  );
}
