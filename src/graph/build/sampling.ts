import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { SamplingOps } from "../ops/sampling.ts";

/** Four random words for each key `[N,2]` and counter `[N,4]`. */
export function philox(key: Tensor, counter: Tensor): Tensor {
  return apply("philox", { key, counter }, {});
}

/** `uncond + scale·(cond − uncond)` of both parts of logits `[2·N,V]`. */
export function guide(logits: Tensor, scale: Tensor): Tensor {
  return apply("guide", { logits, scale }, {});
}

/** Samples a word from each row of logits `[N,V]`; see the op. */
export function sample(
  logits: Tensor,
  { word, repeat, ...inputs }: {
    temperature: Tensor;
    topK: Tensor;
    topP: Tensor;
    random: Tensor;
    word: number;
    repeat: number;
  },
): Tensor {
  return apply("sample", { logits, ...inputs }, { word, repeat });
}

/** The gradients of these ops. */
export const samplingGradients: Gradients<keyof SamplingOps> = {
  philox: "discrete",
  guide: "inference",
  sample: "discrete",
};
