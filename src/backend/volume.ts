import type { Padding } from "../graph/window.ts";
import type { Shape } from "../tensor/shape.ts";

/** Values for the axes time, height and width. */
export type Axes3<T = number> = readonly [T, T, T];

/** The shape `[N,T,H,W,C]`. */
export type Volume = readonly [n: number, t: number, h: number, w: number, channels: number];

/** A window over time, height and width; `before` is its padding before the first entry of each axis. */
export interface VolumeWindow {
  readonly kernel: Axes3;
  readonly stride: Axes3;
  readonly before: Axes3;
}

/** `[N,…,C]` with one to three spatial axes as `[N,T,H,W,C]`: missing axes come first and have length 1. */
export function volumeOf(shape: Shape): Volume {
  return [shape[0]!, ...threeAxes(shape.slice(1, -1), 1), shape.at(-1)!];
}

/** A window over one to three axes as a window over three. */
export function volumeWindow(
  { kernel, stride, padding }: {
    kernel: readonly number[];
    stride: readonly number[];
    padding: readonly Padding[];
  },
): VolumeWindow {
  return {
    kernel: threeAxes(kernel, 1),
    stride: threeAxes(stride, 1),
    before: threeAxes(padding.map(([before]) => before), 0),
  };
}

function threeAxes(values: readonly number[], missing: number): Axes3 {
  return [...Array<number>(3 - values.length).fill(missing), ...values] as unknown as Axes3;
}
