import { BackendError } from "../../tensor/errors.ts";
import { mebibytes, OutOfMemoryError } from "../out_of_memory.ts";

const pageBytes = 65536;
/** Every block starts at a multiple of this: a cache line. */
export const align = 64;
/** What a memory of wasm32 may have. */
export const mostBytes: number = 2 ** 32;
/** Below lie the kernels' own constants; and address 0 means «none». */
export const firstAddress = 8192;
/** Vectors of four f32: kernels may write whole ones at a buffer's end. */
const vectorBytes = 16;
/** What guarded memory holds where nothing was written: a NaN that no kernel makes. */
const guardWord = 0x7fc6a12d;

interface Block {
  /** As asked for. */
  readonly bytes: number;
  /** What it takes, from `start` on. */
  readonly start: number;
  readonly size: number;
}

/**
 * Blocks of one `WebAssembly.Memory`. The memory grows as needed; freed blocks are used again.
 *
 * A guarded heap is for finding kernels that read or write where they must not: it fills new blocks with NaN, keeps
 * guard words before and after each, and `damaged` names the blocks whose guards were written to.
 */
export class Heap {
  readonly guarded: boolean;
  readonly #free: { address: number; bytes: number }[] = [];
  readonly #blocks: Map<number, Block> = new Map();
  #memory: WebAssembly.Memory | undefined;
  #end = firstAddress;
  #allocated = 0;
  /** Of what is in no block, what was never written either. */
  #untouched = 0;

  constructor(memory: WebAssembly.Memory, { guarded = false }: { guarded?: boolean } = {}) {
    this.#memory = memory;
    this.guarded = guarded;
  }

  /** The memory. Throws `BackendError` once it is disposed. */
  get memory(): WebAssembly.Memory {
    if (this.#memory) return this.#memory;
    throw new BackendError("Cannot use the WASM backend", {
      got: "one that was disposed",
      hint: "keep the backend until its last run has ended",
    });
  }

  /** Bytes in blocks that are in use. */
  get allocated(): number {
    return this.#allocated;
  }

  /** Bytes that the memory has grown to. */
  get reserved(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** Bytes that are in no block, but were, so that `moveTo` would give them back. */
  get spare(): number {
    return Math.max(0, this.reserved - this.#allocated - this.#untouched);
  }

  /** The address of a new block. Throws `BackendError` when the 4 GiB of wasm32 do not suffice. */
  allocate(bytes: number): number {
    const margin = this.guarded ? align : 0;
    const size = Math.max(align, Math.ceil(bytes / align) * align) + 2 * margin;
    const start = this.#take(size);
    this.#blocks.set(start + margin, { bytes, start, size });
    this.#allocated += size;
    if (this.guarded) new Int32Array(this.memory.buffer, start, size / 4).fill(guardWord);
    return start + margin;
  }

  /** Gives the block at `address` back. */
  free(address: number): void {
    const block = this.#blocks.get(address);
    if (!block) return;
    this.#blocks.delete(address);
    this.#allocated -= block.size;
    const at = this.#free.findIndex((other) => other.address > block.start);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, { address: block.start, bytes: block.size });
    this.#merge();
  }

  /**
   * Copies the blocks to the same addresses of an empty memory, which takes the place of this one: what lies between
   * them takes no memory there. Views and instances of the old one must not be used any more.
   * Throws what `WebAssembly.Memory.grow` does where the host has no room for both.
   */
  moveTo(memory: WebAssembly.Memory): void {
    const { buffer } = this.memory;
    memory.grow(Math.max(0, Math.ceil((this.#end - memory.buffer.byteLength) / pageBytes)));
    for (const { start, size } of this.#blocks.values()) {
      new Uint8Array(memory.buffer, start, size).set(new Uint8Array(buffer, start, size));
    }
    this.#memory = memory;
    this.#untouched = this.reserved - this.#allocated;
  }

  /** Lets go of the memory and of all blocks. */
  dispose(): void {
    this.#memory = undefined;
    this.#blocks.clear();
    this.#allocated = 0;
  }

  /** Of a guarded heap, the blocks before or after which something was written. */
  damaged(): { address: number; bytes: number }[] {
    return [...this.#blocks].filter(([address, { bytes, start, size }]) => {
      const words = new Int32Array(this.memory.buffer, start, size / 4);
      const end = (address - start + Math.ceil(bytes / vectorBytes) * vectorBytes) / 4;
      return words.subarray(0, (address - start) / 4).some((word) => word !== guardWord) ||
        words.subarray(end).some((word) => word !== guardWord);
    }).map(([address, { bytes }]) => ({ address, bytes }));
  }

  /** A view of the f32 at `address`. An allocation may move the buffer: take a new view after it. */
  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** The i32 at `address`. */
  i32(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  #take(size: number): number {
    const index = this.#free.findIndex((block) => block.bytes >= size);
    if (index >= 0) {
      const block = this.#free[index]!;
      if (block.bytes === size) this.#free.splice(index, 1);
      else this.#free[index] = { address: block.address + size, bytes: block.bytes - size };
      return block.address;
    }
    const address = this.#end;
    this.#reserve(address + size, size);
    this.#end = address + size;
    return address;
  }

  #reserve(bytes: number, wanted: number): void {
    const missing = Math.ceil((bytes - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new OutOfMemoryError(`Cannot take ${mebibytes(wanted)} of WASM memory`, {
        lack: { wanted, free: Math.max(0, mostBytes - this.#end), most: mostBytes },
        expected: "at most 4096 MiB in all",
        got: `${mebibytes(this.#allocated)} in use already`,
        hint: "use smaller images or batches, or dispose models that are no longer needed",
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
