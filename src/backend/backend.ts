import type { Graph } from "../graph/trace.ts";
import type { Shape } from "../tensor/shape.ts";
import type { HostTensor } from "../tensor/tensor.ts";

/** Where a backend gets weights from, by their names in the checkpoint. */
export interface WeightSource {
  /** Names and shapes of all weights. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Whether f16 holds all values exactly, so that nothing is lost where they are stored as such. */
  readonly f16?: boolean;
  /** The weight `name` in f32, row-major. */
  read(name: string): Promise<Float32Array>;
  /**
   * Takes back an array that `read` gave and that is needed no more. A source that made it frees its memory at once: a
   * garbage collector lets hundreds of megabytes pile up while a model is loaded.
   */
  release?(values: Float32Array): void;
}

/**
 * How a backend stores the weights of `linear` (and, in f16, the tables of `embedding` unless all is f32): `f32`,
 * `f16`, which is for those of `conv`, too, or `q8` or `q4`, whole numbers of 8 or 4 bits with an f16 scale for each
 * block of 32 along the input dimension. Everything else stays f32.
 */
export type WeightFormat = "f32" | "f16" | "q8" | "q4";
/** All formats of weights, the exact one first. */
export const weightFormatNames: readonly WeightFormat[] = ["f32", "f16", "q8", "q4"];

/** How programs store what they compute on the way from inputs to outputs. */
export type ActivationFormat = "f32" | "f16";
/** All formats of what programs compute, the exact one first. */
export const activationFormatNames: readonly ActivationFormat[] = ["f32", "f16"];

/** Weights in a backend's memory, shared by all programs compiled with them. Disposing frees them. */
export interface Weights extends AsyncDisposable {
  /** Bytes that the weights take. */
  readonly bytes: number;
}

/**
 * What happens while weights are loaded: `loaded` of `total` bytes, counted in f32, are in place; or, while files are
 * downloaded, `loaded` of `total` bytes of `file` are. The total is infinite if a server does not say it.
 */
export type OnProgress = (progress: { loaded: number; total: number; file?: string }) => void;

/** Options of work that can be given up. */
export interface Cancellable {
  /** Ends the work early; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a program needs and does, from its plan. */
export interface ProgramStats {
  /** Floating-point operations of one run, a multiply and an add as two. */
  readonly flop: number;
  /** Bytes of the arena that holds everything between inputs and outputs. */
  readonly arenaBytes: number;
  /** The largest sum of tensors alive at once: the least that any arena could be. */
  readonly liveBytes: number;
  /** Commands of one run. */
  readonly commands: number;
}

/** Seconds that one command of a run took. */
export interface CommandTime {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Seconds that it took. */
  readonly seconds: number;
  /** Its floating-point operations. */
  readonly flop: number;
}

/**
 * A program's states, by name. Throws `ArgumentError` for a name that the program does not have, or a value that does
 * not fit. Calls take their turn among the runs.
 */
export interface States {
  /** The value of a state. */
  read(name: string): Promise<HostTensor>;
  /** Replaces the value of a state. */
  write(name: string, value: HostTensor): Promise<void>;
}

/** A graph compiled for one set of shapes; run it as often as wanted. Disposing frees its arena. */
export interface Program extends AsyncDisposable {
  /** What the plan of the program needs. */
  readonly stats: ProgramStats;
  /** What outlasts the runs, where the backend gives access to it. */
  readonly states?: States;
  /**
   * Runs once. Inputs and outputs go by the graph's names. Calls at the same time run one after the other.
   * Throws `ArgumentError` for an input that is missing or misshapen, `BackendError` if the machine fails.
   */
  run(
    inputs: Readonly<Record<string, HostTensor>>,
    options?: Cancellable,
  ): Promise<Record<string, HostTensor>>;
  /**
   * Runs once for each of `steps`, without coming back to the host between: what a run gave under an output's name
   * becomes the next run's input, as `feedback` (input to output) says; there, steps after the first need not say it.
   * Not every backend has a use for it. Throws as `run` does.
   */
  runMany?(
    steps: readonly Readonly<Record<string, HostTensor>>[],
    options: { feedback: Readonly<Record<string, string>> } & Cancellable,
  ): Promise<Record<string, HostTensor>[]>;
  /** Runs once and says how long each command took. */
  profile(inputs: Readonly<Record<string, HostTensor>>): Promise<CommandTime[]>;
}

/** What to load, and how. */
export interface LoadOptions extends Cancellable {
  /** Graphs whose weights are loaded. */
  graphs: readonly Graph[];
  /** Storage format of the weights; default `f32`. */
  format?: WeightFormat;
  /** Called for each weight that has been loaded. */
  onProgress?: OnProgress;
}

/** How a program is to work. */
export interface CompileOptions {
  /**
   * How what is computed on the way from inputs to outputs is stored: `f32`, or `f16`, which takes half of the memory,
   * where the backend can (see `WebGpuOptions`). Default: as the backend was set up, `f32` unless that says.
   */
  readonly activations?: ActivationFormat;
  /**
   * A program of this backend whose states the new one shares: a state of the same name is the same memory, and must have
   * the same shape and type. States that it does not have are the new program's own. It must outlive the new one.
   */
  readonly states?: Program;
}

/** A machine that runs graphs. Disposing it frees its workers and memory, and every program with them. */
export interface Backend extends AsyncDisposable {
  /** The name of the backend. */
  readonly name: string;
  /** So many steps programs are best given at once, see `Program.runMany`; 1 if not given. */
  readonly runsAtOnce?: number;
  /**
   * Brings all weights that `graphs` read into the backend's memory, each once, packed for the ops that read it, in
   * `format` (f32 unless said).
   */
  load(source: WeightSource, options: LoadOptions): Promise<Weights>;
  /**
   * Fuses, plans and packs, with states of zeros; nothing is allocated by the runs that follow.
   * Throws `BackendError` where the machine cannot do what the options ask for.
   */
  compile(graph: Graph, weights: Weights, options?: CompileOptions): Promise<Program>;
}
