import { numbersToF16 } from "../../tensor/dtype.ts";
import { quantBlock } from "../../tensor/quantize.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { WeightFormat } from "../backend.ts";
import type { Heap } from "./heap.ts";
import { instantiate, type Kernels } from "./kernels.ts";

// The formats and layouts that `wasm/packed.ts` describes.
// q4 is read as q8: its whole numbers are some of those.
const formatWord: Readonly<Record<WeightFormat, number>> = { f32: 0, f16: 1, q8: 2, q4: 2 };
/** The number of each format as `packRows` in `wasm/pack.ts` takes it. */
const packing: Readonly<Record<WeightFormat, number>> = { ...formatWord, q4: 3 };
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

/** Values that are brought into WASM memory at a time to be packed; at least a panel of them. */
const stagedValues = 2 ** 18;

/** Packs matrices where they are to lie, by the kernels, which read them from a small block of WASM memory. */
export class MatrixPacker implements Disposable {
  readonly #heap: Heap;
  readonly #module: WebAssembly.Module;
  #instance: { memory: WebAssembly.Memory; kernels: Kernels } | undefined;
  #staged = { address: 0, values: 0 };

  constructor(heap: Heap, module: WebAssembly.Module) {
    this.#heap = heap;
    this.#module = module;
  }

  /** Packs a matrix `[O,K]` for products with its rows to `address`, where `matrixBytes` are free. */
  pack(
    values: Float32Array,
    { shape, format, address }: { shape: Shape; format: WeightFormat; address: number },
  ): void {
    const [outputs, k] = shape as [number, number], panels = Math.ceil(outputs / panelRows);
    this.#heap.i32(address, headerBytes / 4).fill(0)[0] = formatWord[format];
    const kernels = this.#kernels();
    const atOnce = Math.max(1, Math.floor(stagedValues / (panelRows * k)));
    const staged = this.#stage(Math.min(outputs, atOnce * panelRows) * k), out = address + headerBytes;
    for (let panel = 0; panel < panels; panel += atOnce) {
      const begin = panel * panelRows, end = Math.min(outputs, begin + atOnce * panelRows);
      const part = values.subarray(begin * k, end * k);
      this.#heap.f32(staged, part.length).set(part);
      kernels.packRows(packing[format], staged, end - begin, k, out, panel, panels);
    }
  }

  [Symbol.dispose](): void {
    this.#heap.free(this.#staged.address);
  }

  /** The kernels on the heap's memory, which may have become another one since. */
  #kernels(): Kernels {
    const { memory } = this.#heap;
    if (this.#instance?.memory !== memory) {
      this.#instance = { memory, kernels: instantiate(this.#module, memory) };
    }
    return this.#instance.kernels;
  }

  #stage(values: number): number {
    if (values > this.#staged.values) {
      this[Symbol.dispose]();
      this.#staged = { address: this.#heap.allocate(4 * values), values };
    }
    return this.#staged.address;
  }
}

/** Bytes of a table `[V,D]` of embeddings. */
export function tableBytes([vocabSize, width]: Shape, format: WeightFormat): number {
  // Rows are read four values at a time.
  return headerBytes + (format === "f32" ? 4 : 2) * vocabSize! * width! + 16;
}

/** Packs a table of embeddings, as it is or in f16, into `target`, `tableBytes` long. */
export function packTable(
  values: Float32Array,
  { format, target }: { format: WeightFormat; target: Uint8Array },
): void {
  new Uint32Array(target.buffer, target.byteOffset, 1)[0] = formatWord[format];
  const at = target.byteOffset + headerBytes;
  if (format === "f32") new Float32Array(target.buffer, at, values.length).set(values);
  else new Uint16Array(target.buffer, at, values.length).set(numbersToF16(values));
}
