import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kernelModule } from "../../src/backend/wasm/builds.ts";
import type { Variant } from "../../src/backend/wasm/features.ts";
import { Heap } from "../../src/backend/wasm/heap.ts";
import { kernelMemory } from "../../src/backend/wasm/kernels.ts";
import { matrixBytes, MatrixPacker } from "../../src/backend/wasm/pack_matrix.ts";
import type { WeightFormat } from "../../src/backend/backend.ts";
import { f16ToNumber, numberToF16 } from "../../src/tensor/dtype.ts";
import { quantize } from "../../src/tensor/quantize.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { hashed } from "../golden/hashed.ts";

const test = suite("packed matrices");
const variants: readonly Variant[] = ["threads", "relaxed", "simd"];
const modules = Object.fromEntries(
  await Promise.all(variants.map(async (variant) => [variant, await kernelModule(variant)])),
) as Record<Variant, WebAssembly.Module>;
const shapes: readonly [number, number][] = [[1, 1], [7, 33], [8, 32], [19, 70], [40, 1030], [600, 512], [
  24,
  2100,
]];

/** What `wasm/packed.ts` describes, read value by value. */
interface Packed {
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly f16: Uint16Array;
  readonly bytes: Int8Array;
}

/** Weights of all sizes: ordinary ones, a block of zeros, tiny ones that are subnormal as f16, and ties. */
function weights([outputs, k]: Shape): Float32Array {
  const values = hashed("packed", [outputs!, k!], { scale: 0.3 });
  return values.map((value, i) => {
    const kind = Math.floor(i / 32) % 5;
    if (kind === 1) return 0;
    if (kind === 2) return value * 2e-5;
    if (kind === 3) return i % 32 === 0 ? 127 : Math.round(200 * value) + 0.5;
    return value;
  });
}

function pack(
  variant: Variant,
  format: WeightFormat,
  shape: Shape,
): { packed: Packed; values: Float32Array } {
  const heap = new Heap(kernelMemory(variant), { guarded: true });
  using packer = new MatrixPacker(heap, modules[variant]);
  const values = weights(shape), bytes = matrixBytes(shape, format), address = heap.allocate(bytes);
  packer.pack(values, { shape, format, address });
  assert.equal(heap.damaged(), []);
  const { buffer } = heap.memory;
  const packed = {
    words: new Uint32Array(buffer, address, bytes / 4),
    floats: new Float32Array(buffer, address, bytes / 4),
    f16: new Uint16Array(buffer, address, bytes / 2),
    bytes: new Int8Array(buffer, address, bytes),
  };
  return { packed, values };
}

/** Where a block of a row lies: long rows come in parts, of all panels one after the other. */
function blockAt(
  row: number,
  block: number,
  { outputs, blocks }: { outputs: number; blocks: number },
): number {
  const parts = Math.ceil(blocks / 64), length = Math.ceil(blocks / parts), from = block - block % length;
  const size = Math.min(length, blocks - from), panels = Math.ceil(outputs / 8);
  return 64 + 272 * (panels * from + Math.floor(row / 8) * size + block - from);
}

for (const variant of variants) {
  test(`f32 are the same values, by panels of eight rows (${variant})`, () => {
    for (const shape of shapes) {
      const { packed, values } = pack(variant, "f32", shape), [outputs, k] = shape;
      assert.is(packed.words[0], 0);
      const panel = 8 * 4 * Math.ceil(k / 4);
      for (let o = 0; o < 8 * Math.ceil(outputs / 8); o++) {
        for (let c = 0; c < 4 * Math.ceil(k / 4); c++) {
          const expected = o < outputs && c < k ? values[o * k + c] : 0;
          assert.is(packed.floats[16 + Math.floor(o / 8) * panel + 8 * c + o % 8], expected);
        }
      }
    }
  });

  test(`values in f16 are the nearest, none subnormal (${variant})`, () => {
    for (const shape of shapes) {
      const { packed, values } = pack(variant, "f16", shape), [outputs, k] = shape;
      assert.is(packed.words[0], 1);
      const panel = 32 + 16 * 4 * Math.ceil(k / 4);
      for (let o = 0; o < outputs; o++) {
        const at = 64 + Math.floor(o / 8) * panel, factor = packed.floats[at / 4 + o % 8]!;
        for (let c = 0; c < k; c++) {
          const f16 = packed.f16[at / 2 + 16 + 8 * c + o % 8]!;
          // Read by their bits, f16 are 2^-112 of their values; rows come with half of the way back.
          assert.is(f16ToNumber(f16) * factor / 2 ** 56, f16ToNumber(numberToF16(values[o * k + c]!)));
          // Rows of large values cannot be scaled as far.
          assert.ok((f16 & 0x7fff) === 0 || (f16 & 0x7c00) !== 0 || factor > 2 ** 46, "subnormal");
        }
      }
    }
  });

  for (const format of ["q8", "q4"] as const) {
    test(`${format} are quantised as the format says, to the bit (${variant})`, () => {
      for (const shape of shapes) {
        const { packed, values } = pack(variant, format, shape), [outputs, k] = shape;
        assert.is(packed.words[0], 2);
        const { q, scales } = quantize(format, values, k), blocks = Math.ceil(k / 32);
        for (let o = 0; o < outputs; o++) {
          for (let c = 0; c < k; c++) {
            const at = blockAt(o, c >> 5, { outputs, blocks }), scale = scales[o * blocks + (c >> 5)]!;
            const whole = packed.bytes[at + ((c & 31) >> 1) * 16 + (o % 8) * 2 + (c & 1)]!;
            // The kernels know no negative scale: its sign goes to the whole numbers.
            assert.is(scale >> 15 ? 0 - whole : whole, q[o * k + c]);
            assert.is(packed.f16[at / 2 + 128 + o % 8], scale & 0x7fff);
          }
        }
      }
    });
  }
}

test.run();
