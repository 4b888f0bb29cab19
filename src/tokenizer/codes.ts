import { ArgumentError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";

/**
 * Codes of ±1, f32 `[N,bits,h,w]`, as tokens, u32 `[N,h,w]`: channel j is bit j.
 * Throws `ArgumentError` where the shape is another one or a value is neither 1 nor −1.
 */
export function packCodes(codes: HostTensor<"f32">, bits: number): HostTensor<"u32"> {
  const [n, channels, h, w] = codes.shape as [number, number, number, number];
  if (codes.shape.length !== 4 || channels !== bits) {
    throw new ArgumentError("Cannot decode the codes", {
      expected: `the shape [N,${bits},h,w]`,
      got: formatShape(codes.shape),
    });
  }
  const tokens = u32Tensor([n, h, w]);
  const cells = h * w;
  codes.data.forEach((code, i) => {
    if (Math.abs(code) !== 1) {
      throw new ArgumentError("Cannot decode the codes", {
        expected: "values of 1 or −1",
        got: `${code} at ${i}`,
      });
    }
    const bit = Math.floor(i / cells) % bits, image = Math.floor(i / cells / bits);
    if (code === 1) tokens.data[image * cells + i % cells]! += 2 ** bit;
  });
  return tokens;
}
