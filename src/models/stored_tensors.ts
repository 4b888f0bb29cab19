import type { WeightFormat } from "../backend/backend.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { quantBlock, quantize } from "../tensor/quantize.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { toF16 } from "../io/convert_dtype.ts";
import type { TensorToWrite } from "../io/safetensors/write.ts";
import { packPairs, quantizedNames } from "./quantized.ts";

/** A weight that is stored, and where its values come from. */
export interface WeightToStore {
  readonly name: string;
  readonly shape: Shape;
  read(): Promise<Float32Array>;
}

/**
 * The tensors that hold a weight in `format`: one in f32 and f16; the integers and their scales in q8 and q4
 * (`quantized.ts`).
 *
 * Throws `CheckpointError` that names the weight if its rows are odd in q4; reading throws one if a value is too large for
 * f16.
 */
export function storedTensors({ name, shape, read }: WeightToStore, format: WeightFormat): TensorToWrite[] {
  if (format === "f32") return [{ name, dtype: "f32", shape, data: async () => bytesOf(await read()) }];
  if (format === "f16") {
    return [{ name, dtype: "f16", shape, data: async () => toF16(await read(), { tensor: name }) }];
  }
  const [rows = 1, ...rest] = shape, width = sizeOf(rest), names = quantizedNames(name, format);
  if (format === "q4" && width % 2 === 1) {
    throw new CheckpointError(`Cannot store ${name} as q4`, {
      expected: "an even number of columns",
      got: `${width}`,
      hint: "store it as q8",
    });
  }
  // Tensors are written widest first, so that a weight is read once for its scales and once for its integers.
  const quantized = async () => quantize(format, await read(), width);
  return [
    {
      name: names.scales,
      dtype: "f16",
      shape: [rows, Math.ceil(width / quantBlock)],
      data: async () => bytesOf((await quantized()).scales),
    },
    {
      name: names.q,
      ...format === "q8" ? { dtype: "i8", shape } : { dtype: "u8", shape: [rows, width / 2] },
      data: async () => {
        const { q } = await quantized();
        return bytesOf(format === "q8" ? q : packPairs(q));
      },
    },
  ];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
