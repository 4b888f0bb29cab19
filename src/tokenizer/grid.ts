import { isListOf } from "../tensor/every.ts";
import { unfit } from "../tensor/describe.ts";

/** How tokens are arranged: rows and columns of an image, or frames, rows and columns of a video. */
export type Grid =
  | readonly [rows: number, columns: number]
  | readonly [frames: number, rows: number, columns: number];

/** How many tokens a grid has. */
export function gridSize(grid: Grid): number {
  return grid.reduce((product: number, side) => product * side, 1);
}

/** A grid as messages show it: `16×16`. */
export function formatGrid(grid: readonly number[]): string {
  return grid.join("×");
}

/** Whether `value` is a list of two or three whole numbers from 1 on. */
export function isGrid(value: unknown): value is Grid {
  return isListOf(value, (side) => Number.isSafeInteger(side) && (side as number) > 0) &&
    (value.length === 2 || value.length === 3);
}

/** Rows and columns of an image's grid. Throws `ArgumentError` for a value that is none; `action` completes "Cannot …". */
export function imageGrid(value: unknown, action: string): readonly [rows: number, columns: number] {
  if (isGrid(value) && value.length === 2) return value;
  throw unfit(`Cannot ${action}`, "a grid of rows and columns", value);
}
