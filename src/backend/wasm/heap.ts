import { BackendError } from "../../tensor/errors.ts";

const pageBytes = 65536;
/** Every block starts at a multiple of this: a cache line. */
export const align = 64;
/** Below lie the kernels' own constants; and address 0 means «none». */
const firstAddress = 4096;

/** Blocks of one `WebAssembly.Memory`. The memory grows as needed; freed blocks are used again. */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #free: { address: number; bytes: number }[] = [];
  #end = firstAddress;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  /** The address of a new block. Throws `BackendError` when the 4 GiB of wasm32 do not suffice. */
  allocate(bytes: number): number {
    const size = Math.max(align, Math.ceil(bytes / align) * align);
    const index = this.#free.findIndex((block) => block.bytes >= size);
    if (index >= 0) {
      const block = this.#free[index]!;
      if (block.bytes === size) this.#free.splice(index, 1);
      else this.#free[index] = { address: block.address + size, bytes: block.bytes - size };
      return block.address;
    }
    const address = this.#end;
    this.#reserve(address + size);
    this.#end = address + size;
    return address;
  }

  /** Gives a block back; `bytes` as it was asked for. */
  free(address: number, bytes: number): void {
    const size = Math.max(align, Math.ceil(bytes / align) * align);
    const at = this.#free.findIndex((block) => block.address > address);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, { address, bytes: size });
    this.#merge();
  }

  /** The f32 at `address`. Make it anew after an allocation, which may move the buffer. */
  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** The i32 at `address`. */
  i32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  #reserve(bytes: number): void {
    const missing = Math.ceil((bytes - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new BackendError("Cannot grow the WASM memory", {
        expected: "at most 4 GiB",
        got: `${bytes} bytes`,
        hint: "use smaller pictures or batches, or dispose models that are no longer needed",
        cause,
      });
    }
  }

  #merge(): void {
    for (let i = this.#free.length - 1; i > 0; i--) {
      const before = this.#free[i - 1]!, block = this.#free[i]!;
      if (before.address + before.bytes !== block.address) continue;
      before.bytes += block.bytes;
      this.#free.splice(i, 1);
    }
    const last = this.#free.at(-1);
    if (last && last.address + last.bytes === this.#end) {
      this.#end = last.address;
      this.#free.pop();
    }
  }
}
