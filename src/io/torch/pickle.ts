import { PickleBytes } from "./pickle_bytes.ts";
import { PickleMachine, type PickleRules } from "./pickle_machine.ts";
import { operations } from "./pickle_operations.ts";
import type { PickleValue } from "./pickle_values.ts";

/** Limits on the bytes and operations of a pickle, enough for about 25,000 tensors. */
export const maxPickleBytes: number = 32 * 2 ** 20;
export const maxPickleOperations = 1_000_000;

/**
 * Reads a pickle of protocol 2 to 5 and returns its value. Nothing that the pickle names is ever called.
 *
 * Each operation is executed once and takes time and memory proportional to its own bytes. Values are not traversed,
 * so that cyclic and repeated references are harmless. Throws `CheckpointError` for names that are not allowed,
 * unsupported operations, extension codes, reads from an empty stack or memo, bytes after the end, and more than
 * `maxPickleOperations` operations.
 */
export function readPickle(
  bytes: Uint8Array,
  rules: PickleRules,
  { file }: { file: string },
): PickleValue {
  const all = new PickleBytes(bytes, file);
  const value = run(all, rules);
  if (all.left > 0) all.refuse("the end of the file", `${all.left} bytes`);
  return value;
}

/** Reads the pickle at the beginning of `bytes`, as `readPickle` does, and returns its value and length. */
export function readFirstPickle(
  bytes: Uint8Array,
  rules: PickleRules,
  { file }: { file: string },
): { value: PickleValue; length: number } {
  const all = new PickleBytes(bytes, file);
  const value = run(all, rules);
  return { value, length: bytes.length - all.left };
}

function run(bytes: PickleBytes, rules: PickleRules): PickleValue {
  const machine = new PickleMachine(bytes, rules);
  const isBinary = bytes.u8() === 0x80, protocol = isBinary ? bytes.u8() : 0;
  if (protocol < 2 || protocol > 5) bytes.refuse("a pickle of protocol 2 to 5", "another");
  for (let count = 1; count <= maxPickleOperations; count++) {
    const code = bytes.u8();
    if (code === 0x2e) return machine.stop();
    const operation = operations[code];
    if (!operation) bytes.refuse("an operation of pickle protocols 2 to 5", describe(code));
    operation!(machine, bytes);
  }
  return bytes.refuse(`at most ${maxPickleOperations} operations`, "more");
}

function describe(code: number): string {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  return code >= 0x82 && code <= 0x84 ? `${hex}, an extension code` : hex;
}
