import type { Elapsed } from "./device_time.ts";

/** One measurement. `what` to `size` name it as the PyTorch peer does. */
export interface Result {
  readonly what: string;
  readonly model: string;
  readonly batch: number;
  /** The format of the weights; f32 is exact. */
  readonly mode: string;
  readonly size?: number;
  /** Milliseconds: until the host has the results where a whole model runs, on the device for single layers. */
  readonly ms: number;
  /** Milliseconds on the device. */
  readonly deviceMs?: number;
  /** Floating-point operations and, where they bind, bytes read. */
  readonly flop?: number;
  readonly bytes?: number;
  /** Milliseconds of tfjs for the same on the same device. */
  readonly tfjsMs?: number;
}

/** A limit of the device, as measured. */
export interface Ceiling {
  readonly ceiling: "fma" | "copy" | "dispatch" | "round trip";
  /** FLOP/s, bytes/s or seconds. */
  readonly value: number;
}

/** How a part of the benchmark is to be run, and where it leaves what it measured. */
export interface Options {
  /** Tiny sizes, to test the benchmark itself. */
  readonly small: boolean;
  /** The largest models and sizes, too. */
  readonly large: boolean;
  report(result: Result | Ceiling): void;
}

/** A part of the benchmark. */
export type Part = (options: Options) => Promise<void>;

/** Milliseconds of a result: on the device, and until the host has it. */
export function milliseconds({ wall, device }: Elapsed, steps = 1): { ms: number; deviceMs?: number } {
  const ms = 1000 * wall / steps;
  return device === undefined ? { ms } : { ms, deviceMs: 1000 * device / steps };
}

/** A short number for people. */
export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
