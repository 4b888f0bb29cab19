import { conv2d, maxPool, relu } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Window } from "../graph/window.ts";
import type { Scope } from "../nn/scope.ts";
import type { Shape } from "../tensor/shape.ts";

/** The convolutions of VGG16 between poolings: their numbers in torchvision's `features`, and their channels. */
export const vgg16Slices: readonly { readonly convs: readonly number[]; readonly channels: number }[] = [
  { convs: [0, 2], channels: 64 },
  { convs: [5, 7], channels: 128 },
  { convs: [10, 12, 14], channels: 256 },
  { convs: [17, 19, 21], channels: 512 },
  { convs: [24, 26, 28], channels: 512 },
];

/** Pooling of 2×2 blocks. */
const halving: Window = { kernel: [2, 2], stride: [2, 2], padding: [[0, 0], [0, 0]] };

/** The shapes of VGG16's convolutions, `slice<1…5>.<conv>.{weight,bias}`, as `vgg16Features` names them. */
export const vgg16Shapes: ReadonlyMap<string, Shape> = new Map(
  vgg16Slices.flatMap(({ convs, channels }, i) =>
    convs.flatMap((conv, j): [string, Shape][] => {
      const before = j > 0 ? channels : vgg16Slices[i - 1]?.channels ?? 3;
      const path = `slice${i + 1}.${conv}`;
      return [[`${path}.weight`, [channels, before, 3, 3]], [`${path}.bias`, [channels]]];
    })
  ),
);

/**
 * The features of VGG16 (arXiv 1409.1556) after the last ReLU of each slice: x `[N,H,W,3]` → `[N,H/2ⁱ,W/2ⁱ,C]`,
 * i = 0 … 4. Parameters are those of `vgg16Shapes`.
 */
export function vgg16Features(scope: Scope, x: Tensor): Tensor[] {
  let h = x;
  return vgg16Slices.map(({ convs, channels }, i) => {
    if (i > 0) h = maxPool(h, halving);
    for (const conv of convs) {
      const at = scope.at(`slice${i + 1}`, conv);
      const weight = at.param("weight", [channels, h.shape[3]!, 3, 3]);
      h = relu(conv2d(h, { weight, bias: at.param("bias", [channels]), stride: 1, padding: 1 }));
    }
    return h;
  });
}
