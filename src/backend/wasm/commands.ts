import type { Opcode } from "./_generated_opcodes.ts";

/** One kernel call of a program: `items` pieces of work that any thread may take. */
export interface Command {
  readonly opcode: Opcode;
  readonly items: number;
  readonly args: readonly number[];
  /** Bytes that each thread needs for itself while it works. */
  readonly scratchBytes?: number;
  readonly flop?: number;
  /** Whether it needs nothing of the commands since the last barrier, so that none stands before it. */
  readonly joins?: boolean;
}

const f32 = new Float32Array(1);
const bits = new Int32Array(f32.buffer);

/** A float as the 32 bits of a kernel's argument. */
export function floatArgument(value: number): number {
  f32[0] = value;
  return bits[0]!;
}
