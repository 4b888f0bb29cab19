import type { TransformerConfig } from "../networks/transformer/config.ts";
import { classConditioning } from "../networks/transformer/conditioning.ts";
import { subTokens } from "../networks/transformer/network.ts";
import { NumericError } from "../tensor/errors.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { counterOf, type Generation, type Slot } from "./generation.ts";
import { guidanceAt, type SamplingSettings } from "./settings.ts";

/** Settings of slots that are free: any that sampling accepts. */
const free: Pick<SamplingSettings, "temperature" | "topK" | "topP"> = {
  temperature: [1, 1],
  topK: [0, 0],
  topP: [1, 1],
};

/**
 * The inputs of `stepGraph` that sample the next token of the image in each slot. A slot's inputs do not depend on the other
 * slots; what is computed in free slots is not used.
 */
export function stepInputs(
  slots: readonly Slot[],
  { config, guided }: { config: TransformerConfig; guided: boolean },
): Record<string, HostTensor> {
  const n = slots.length, positions = config.grid ** 2;
  const rows = guided ? [...slots, ...slots] : slots;
  const u32 = (values: readonly number[], ...shape: number[]) => u32Tensor(shape, Uint32Array.from(values));
  const f32 = (values: readonly number[]) => f32Tensor([n], Float32Array.from(values));
  const split = 2 ** config.bits[0], last = rows.map(lastToken);
  const guidance = slots.map((slot) =>
    slot ? guidanceAt(slot.settings, { position: slot.count, positions }) : [1, 1] as const
  );
  return {
    ...classConditioning(config).inputs(rows.map((slot, row) => row < n ? slot?.classId : undefined)),
    position: u32(rows.map((slot) => slot?.count ?? 0), rows.length),
    pre: u32(last.map((token) => token % split), rows.length),
    post: u32(last.map((token) => Math.floor(token / split)), rows.length),
    key: u32(slots.flatMap((slot) => keyOf(slot?.seed ?? 0)), n, 2),
    counter: u32(slots.flatMap((slot) => slot ? counterOf(slot, slot.count) : [0, 0, 0, 0]), n, 4),
    ...Object.fromEntries(subTokens.flatMap((name, i): [string, HostTensor][] => {
      const settings = slots.map((slot) => slot?.settings ?? free);
      return [
        [`temperature_${name}`, f32(settings.map(({ temperature }) => temperature[i]!))],
        [`top_k_${name}`, u32(settings.map(({ topK }) => Math.min(topK[i]!, 2 ** 32 - 1)), n)],
        [`top_p_${name}`, f32(settings.map(({ topP }) => topP[i]!))],
        ...guided
          ? [[`guidance_${name}`, f32(guidance.map((scales) => scales[i]!))] as [string, HostTensor]]
          : [],
      ];
    })),
  };
}

/**
 * The token that a step sampled for slot `i`, from its outputs; `undefined` if the logits were not finite, which sampling
 * reports by a sub-token beyond the vocabulary.
 */
export function sampledToken(
  outputs: Readonly<Record<string, HostTensor>>,
  { bits, i }: { bits: readonly [number, number]; i: number },
): number | undefined {
  const [pre, post] = subTokens.map((name) => outputs[name]!.data[i]!) as [number, number];
  if (pre >= 2 ** bits[0] || post >= 2 ** bits[1]) return undefined;
  return pre + post * 2 ** bits[0];
}

/** The error of an image whose logits hold NaN or infinity. */
export function nonFiniteLogits(): NumericError {
  return new NumericError("Cannot generate the images", {
    expected: "finite logits",
    got: "NaN or infinite values",
    hint: "check the checkpoint: it is damaged, or its training had diverged",
  });
}

function lastToken(slot: Slot): number {
  return slot && slot.count > 0 ? slot.tokens[slot.count - 1]! : 0;
}

/** Philox's key: the seed in two words. */
function keyOf(seed: Generation["seed"]): [number, number] {
  return [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
}
