import * as assert from "uvu/assert";
import { type Checkpoint, openCheckpoint } from "../../src/models/open.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";

/** A file in tests/golden. */
export function goldenPath(name: string): string {
  return decodeURIComponent(new URL(`../golden/${name}`, import.meta.url).pathname);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A safetensors file of the given header; `length` overrides what the file says of the header's length. */
export function safetensors(
  header: unknown,
  { data = 0, length }: { data?: number; length?: bigint } = {},
): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string"
    ? utf8(header)
    : header instanceof Uint8Array
    ? header
    : utf8(JSON.stringify(header));
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  return concat([start, text, new Uint8Array(data)]);
}

/** Asserts that `call` rejects with a `CheckpointError` whose message matches, and nothing else. */
export async function refused(call: () => unknown, pattern: RegExp): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    assert.match(error.message, pattern);
    return;
  }
  assert.unreachable(`was accepted, expected ${pattern}`);
}

/** Opens a checkpoint and reads every tensor of it. */
export async function readAll(source: string | Uint8Array): Promise<Record<string, Float32Array>> {
  await using checkpoint = await openCheckpoint(source);
  const tensors: Record<string, Float32Array> = {};
  for (const name of checkpoint.tensors.keys()) tensors[name] = await checkpoint.read(name);
  return tensors;
}

/** A checkpoint in memory whose tensors are zeros of the given shapes. */
export function zeros(shapes: Iterable<readonly [name: string, shape: readonly number[]]>): Checkpoint {
  const tensors = new Map(
    [...shapes].map(([name, shape]) => [name, { dtype: "f32" as const, shape, bytes: 0 }]),
  );
  return {
    name: "test.ckpt",
    format: "torch",
    metadata: {},
    tensors,
    read: () => Promise.reject(new Error("nothing must be read")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Runs `work` with a temporary folder. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
