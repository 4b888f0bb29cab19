import { check, checkIndex, checkShape, f32, rank } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Random numbers, guidance and sampling of tokens. */
export interface SamplingOps {
  /** Philox4x32-10: four random words u32 `[N,4]` for key u32 `[N,2]` and counter u32 `[N,4]`. */
  philox: { inputs: { key: Operand; counter: Operand }; attrs: NoAttrs };
  /**
   * Classifier-free guidance: of logits `[2·N,V]` the first half is conditioned, the second is not →
   * `uncond + scale·(cond − uncond)`, scale `[N]`.
   */
  guide: { inputs: { logits: Operand; scale: Operand }; attrs: NoAttrs };
  /**
   * Samples a token u32 `[repeat·N]` (the N tokens, repeated `repeat` times) from each row of logits `[N,V]`.
   *
   * y = logits/temperature; temperature 0 takes the largest. topK u32 (0: all) keeps those ≥ the k-th largest, topP then
   * drops, in descending order, those before which the kept ones' probability sums to more than p. Word `word` of random
   * u32 `[N,4]` samples: with u = its upper 24 bits / 2²⁴ and weights exp(y − max), the first token is taken at which
   * their sum, in the order of the vocabulary, exceeds u·total. Weights and sums are f64; a tie goes to the lower index;
   * logits that are not numbers give 2³² − 1. Temperature, topK, topP: `[N]`.
   */
  sample: {
    inputs: { logits: Operand; temperature: Operand; topK: Operand; topP: Operand; random: Operand };
    attrs: { word: number; repeat: number };
  };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const samplingShapes: ShapeRules<SamplingOps> = {
  philox: ({ key, counter }) => {
    const [n] = rank("philox", "key", key, 2);
    checkIndex("philox", "key", key, [n!, 2]);
    checkIndex("philox", "counter", counter, [n!, 4]);
    return { shape: [n!, 4], dtype: "u32" };
  },
  guide: ({ logits, scale }) => {
    const [rows, vocabSize] = rank("guide", "logits", logits, 2) as [number, number];
    check("guide", "logits", logits.shape, rows % 2 === 0, "an even number of rows");
    checkShape("guide", "scale", scale, [rows / 2]);
    return f32([rows / 2, vocabSize]);
  },
  sample: ({ logits, temperature, topK, topP, random }, { repeat }) => {
    const [n] = rank("sample", "logits", logits, 2) as [number, number];
    checkShape("sample", "temperature", temperature, [n]);
    checkIndex("sample", "topK", topK, [n]);
    checkShape("sample", "topP", topP, [n]);
    checkIndex("sample", "random", random, [n, 4]);
    return { shape: [repeat * n], dtype: "u32" };
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const samplingFlop: FlopRules<SamplingOps> = {
  philox: () => 0,
  guide: (tensor) => 3 * elements(tensor),
  sample: ({ inputs: { logits } }) => 2 * elements(logits),
};
