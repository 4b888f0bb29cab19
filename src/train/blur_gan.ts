import { add, constant, conv2d, groupNorm, leakyRelu, mul, pad, reshape, slice } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "../nn/scope.ts";

/** The size of a blur discriminator. */
export interface BlurGanConfig {
  /** Channels of the first convolution and of the first stage; they double from stage to stage. A multiple of 32. */
  readonly channels: number;
  /** Stages, each of which halves the sides. */
  readonly stages: number;
}

const slope = 0.1, groups = 32, eps = 1e-5;

/**
 * The discriminator with blurred downsampling: images `[N,H,W,3]` → logits `[N,h,w,1]`.
 *
 * Parameters: `block_in.0`, of each stage `blocks.<i>.0` (convolution) and `blocks.<i>.2` (GroupNorm), `to_logits.0`,
 * `to_logits.2`.
 */
export function blurGan(scope: Scope, x: Tensor, { channels, stages }: BlurGanConfig): Tensor {
  let h = leakyRelu(conv(scope.at("block_in", 0), x, { channels, kernel: 5 }), slope);
  for (let stage = 0; stage < stages; stage++) {
    const at = scope.at("blocks", stage), outputs = channels * 2 ** stage;
    h = blur(conv(at.at(0), h, { channels: outputs, kernel: 3 }));
    const weight = at.at(2).param("weight", [outputs]), bias = at.at(2).param("bias", [outputs]);
    h = leakyRelu(groupNorm(h, { weight, bias, groups, eps }), slope);
  }
  h = leakyRelu(conv(scope.at("to_logits", 0), h, { channels: h.shape[3]!, kernel: 1 }), slope);
  return conv(scope.at("to_logits", 2), h, { channels: 1, kernel: 5 });
}

/** A convolution of stride 1 with bias whose result is as large as x: odd kernels are padded evenly. */
function conv(
  scope: Scope,
  x: Tensor,
  { channels, kernel }: { channels: number; kernel: 1 | 3 | 5 },
): Tensor {
  const weight = scope.param("weight", [channels, x.shape[3]!, kernel, kernel]);
  return conv2d(x, { weight, bias: scope.param("bias", [channels]), stride: 1, padding: kernel >> 1 });
}

/**
 * Half the sides, rounded up: each channel by the outer product of (1, 3, 3, 1)/8 with itself, in steps of 2. Padded with
 * zeros so that ⌈side/2⌉ come out, the smaller half in front.
 */
function blur(x: Tensor): Tensor {
  return blurAlong(blurAlong(x, 1), 2);
}

function blurAlong(x: Tensor, axis: 1 | 2): Tensor {
  const length = x.shape[axis]!, out = Math.ceil(length / 2);
  const missing = 2 * (out - 1) + 4 - length, front = missing >> 1;
  const padded = pad(x, x.shape.map((_, i) => i === axis ? [front, missing - front] : [0, 0]));
  // Pairs of neighbours: of pairs i and i + 1, out[i] takes even, 3·odd, 3·even, odd.
  const { shape } = padded;
  const pairs = reshape(padded, [...shape.slice(0, axis), out + 1, 2, ...shape.slice(axis + 1)]);
  const member = (which: number, from: number) =>
    slice(slice(pairs, { axis: axis + 1, start: which, length: 1 }), { axis, start: from, length: out });
  const outer = add(member(0, 0), member(1, 1)), inner = add(member(1, 0), member(0, 1));
  const sum = add(mul(outer, constant(1 / 8)), mul(inner, constant(3 / 8)));
  return reshape(sum, x.shape.with(axis, out));
}
