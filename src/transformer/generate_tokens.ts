import type { Cancellable } from "../backend/backend.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { type Candidate, counterOf, isGuided } from "./generation.ts";
import { noNumbers } from "./decode_batch.ts";
import type { TransformerEngine } from "./engine.ts";
import { subTokens } from "../networks/transformer/network.ts";
import { guidanceAt, type SamplingSettings } from "./settings.ts";

/** What is generated at once. */
export interface Batch {
  /** All candidates of some images, image by image. */
  readonly candidates: readonly Candidate[];
  readonly seed: number;
  readonly settings: SamplingSettings;
}

/**
 * Generates the tokens of a batch, position by position: gives after each the tokens of all candidates, `[positions]` each,
 * and how many of them are generated. Within a turn of the engine. Throws `NumericError` where the model gives no numbers,
 * the signal's reason where it is aborted.
 */
export async function* generateTokens(
  engine: TransformerEngine,
  batch: Batch,
  { signal }: Cancellable = {},
): AsyncGenerator<{ tokens: readonly Uint32Array[]; count: number }, void, undefined> {
  const { candidates, settings } = batch, { config } = engine;
  const n = candidates.length, positions = config.grid ** 2;
  const guided = isGuided(settings), rows = guided ? 2 * n : n;
  const tokens = candidates.map(() => new Uint32Array(positions));
  const fixed = fixedInputs(batch, { rows, nullClass: config.classes });
  let last: Record<string, HostTensor> = { pre: u32Tensor([rows]), post: u32Tensor([rows]) };
  for (let first = 0; first < positions; first += engine.stepsAtOnce) {
    signal?.throwIfAborted();
    const count = Math.min(engine.stepsAtOnce, positions - first);
    const inputs = Array.from({ length: count }, (_, i) => ({
      ...fixed,
      ...guided && guidanceInputs(n, guidanceAt(settings, { position: first + i, positions })),
      position: filled("u32", rows, first + i),
      counter: counters(candidates, first + i),
      pre: last.pre!,
      post: last.post!,
    }));
    for (const [i, generated] of (await engine.steps({ n, guided }, inputs, { signal })).entries()) {
      tokens.forEach((image, p) => {
        const parts = subTokens.map((name) => generated[name]!.data[p]!) as [number, number];
        checkGenerated(parts, config.bits);
        image[first + i] = parts[0] + parts[1] * 2 ** config.bits[0];
      });
      last = generated;
      yield { tokens, count: first + i + 1 };
    }
  }
}

/** What stays the same at all positions. */
function fixedInputs(
  { candidates, seed, settings }: Batch,
  { rows, nullClass }: { rows: number; nullClass: number },
): Record<string, HostTensor> {
  const n = candidates.length;
  const classes = new Uint32Array(rows).fill(nullClass);
  classes.set(candidates.map(({ classId }) => classId));
  const key = new Uint32Array(2 * n);
  for (let i = 0; i < n; i++) key.set([seed % 2 ** 32, Math.floor(seed / 2 ** 32)], 2 * i);
  return {
    classes: u32Tensor([rows], classes),
    key: u32Tensor([n, 2], key),
    ...Object.fromEntries(subTokens.flatMap((name, i) => [
      [`temperature_${name}`, filled("f32", n, settings.temperature[i]!)],
      [`top_k_${name}`, filled("u32", n, Math.min(settings.topK[i]!, 2 ** 32 - 1))],
      [`top_p_${name}`, filled("f32", n, settings.topP[i]!)],
    ])),
  };
}

function guidanceInputs(n: number, scales: readonly [number, number]): Record<string, HostTensor> {
  return Object.fromEntries(subTokens.map((name, i) => [`guidance_${name}`, filled("f32", n, scales[i]!)]));
}

function counters(candidates: readonly Candidate[], position: number): HostTensor {
  const words = candidates.flatMap((candidate) => counterOf(candidate, position));
  return u32Tensor([candidates.length, 4], Uint32Array.from(words));
}

function filled(dtype: "f32" | "u32", length: number, value: number): HostTensor {
  return dtype === "f32"
    ? f32Tensor([length], new Float32Array(length).fill(value))
    : u32Tensor([length], new Uint32Array(length).fill(value));
}

/** A word out of the vocabulary is how sampling says that its logits were no numbers. */
function checkGenerated(tokens: readonly [number, number], bits: readonly [number, number]): void {
  if (tokens.every((token, i) => token < 2 ** bits[i]!)) return;
  throw noNumbers();
}
