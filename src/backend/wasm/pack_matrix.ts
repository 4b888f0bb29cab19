import { numberToF16 } from "../../tensor/dtype.ts";
import { quantBlock, type QuantFormat, quantize } from "../../tensor/quantize.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { WeightFormat } from "../backend.ts";

// The formats and layouts that `wasm/packed.ts` describes.
// q4 is read as q8: its whole numbers are some of those.
const formatWord: Readonly<Record<WeightFormat, number>> = { f32: 0, f16: 1, q8: 2, q4: 2 };
const headerBytes = 64;
const panelRows = 8, blockBytes = 272;

/** Bytes of the packed matrix `[O,K]`. */
export function matrixBytes([outputs, k]: Shape, format: WeightFormat): number {
  const panels = Math.ceil(outputs! / panelRows);
  return headerBytes + panels * panelBytes(k!, format);
}

function panelBytes(k: number, format: WeightFormat): number {
  const padded = Math.ceil(k / 4) * 4;
  if (format === "f32") return 32 * padded;
  if (format === "f16") return 32 + 16 * padded;
  return Math.ceil(k / quantBlock) * blockBytes;
}

/** Packs a matrix `[O,K]` for products with its rows into `target`, `matrixBytes` long. */
export function packMatrix(
  values: Float32Array,
  { shape, format, target }: { shape: Shape; format: WeightFormat; target: Uint8Array },
): void {
  const [outputs, k] = shape as [number, number];
  const bytes = panelBytes(k, format);
  target.fill(0);
  new Uint32Array(target.buffer, target.byteOffset, 1)[0] = formatWord[format];
  for (let first = 0, at = headerBytes; first < outputs; first += panelRows, at += bytes) {
    const rows = values.subarray(first * k, Math.min(outputs, first + panelRows) * k);
    const panel = target.subarray(at, at + bytes);
    if (format === "f32") packF32(rows, k, panel);
    else if (format === "f16") packF16(rows, k, panel);
    else packQuantized(rows, { k, format, panel });
  }
}

function packF32(rows: Float32Array, k: number, panel: Uint8Array): void {
  const out = new Float32Array(panel.buffer, panel.byteOffset, panelRows * k);
  for (let r = 0, i = 0; i < rows.length; r++) {
    for (let c = 0; c < k; c++, i++) out[c * panelRows + r] = rows[i]!;
  }
}

function packF16(rows: Float32Array, k: number, panel: Uint8Array): void {
  const factors = new Float32Array(panel.buffer, panel.byteOffset, panelRows);
  const out = new Uint16Array(panel.buffer, panel.byteOffset + 32, panelRows * k);
  for (let r = 0; r * k < rows.length; r++) {
    const row = rows.subarray(r * k, (r + 1) * k);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Up to 2^15 nothing overflows; 2^10 suffices for the smallest half to become a normal one.
    const shift = Math.max(0, Math.min(10, 14 - Math.ceil(Math.log2(largest || 1))));
    factors[r] = 2 ** (56 - shift);
    for (let c = 0; c < k; c++) out[c * panelRows + r] = scaledHalf(row[c]!, shift);
  }
}

/** The half nearest to `value`, times 2^shift: exact, as a normal half only changes its exponent. */
function scaledHalf(value: number, shift: number): number {
  const half = numberToF16(value), exponent = (half >> 10) & 31;
  if (exponent > 0) return half + (shift << 10);
  return numberToF16((half & 0x8000 ? -1 : 1) * (half & 1023) * 2 ** (shift - 24));
}

function packQuantized(
  rows: Float32Array,
  { k, format, panel }: { k: number; format: QuantFormat; panel: Uint8Array },
): void {
  const { q, scales } = quantize(format, rows, k);
  const blocks = Math.ceil(k / quantBlock), count = rows.length / k;
  const out = new Int8Array(panel.buffer, panel.byteOffset, panel.length);
  const halves = new Uint16Array(panel.buffer, panel.byteOffset, panel.length / 2);
  for (let r = 0; r < count; r++) {
    for (let c = 0; c < k; c++) {
      const block = c >> 5, pair = (c & 31) >> 1;
      // The kernels know no negative scale: its sign goes to the whole numbers.
      const negative = scales[r * blocks + block]! >> 15;
      out[block * blockBytes + pair * 16 + r * 2 + (c & 1)] = negative ? -q[r * k + c]! : q[r * k + c]!;
    }
    for (let block = 0; block < blocks; block++) {
      halves[(block * blockBytes + quantBlock * panelRows) / 2 + r] = scales[r * blocks + block]! & 0x7fff;
    }
  }
}

/** Bytes of a table `[V,D]` of embeddings. */
export function tableBytes([words, width]: Shape, format: WeightFormat): number {
  // Rows are read four values at a time.
  return headerBytes + (format === "f32" ? 4 : 2) * words! * width! + 16;
}

/** Packs a table of embeddings, as it is or in halves, into `target`, `tableBytes` long. */
export function packTable(
  values: Float32Array,
  { format, target }: { format: WeightFormat; target: Uint8Array },
): void {
  new Uint32Array(target.buffer, target.byteOffset, 1)[0] = formatWord[format];
  const at = target.byteOffset + headerBytes;
  if (format === "f32") new Float32Array(target.buffer, at, values.length).set(values);
  else {
    const halves = new Uint16Array(target.buffer, at, values.length);
    for (let i = 0; i < values.length; i++) halves[i] = numberToF16(values[i]!);
  }
}
