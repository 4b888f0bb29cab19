import { Asked } from "../idle.ts";
import { createMemory, destroyMemory, type Memory } from "./memory.ts";
import type { Device } from "./live_device.ts";
import { BufferUsage } from "./usage.ts";

/**
 * The working memory that the programs of one device share. They run one at a time, and it grows to what the largest of
 * them needs when that one runs.
 *
 * It may be reallocated when a program is added, removed or run. Bind groups made with the old memory must then be recreated.
 */
export class Arena {
  readonly #device: Device;
  readonly #needs: number[] = [];
  /** Bytes that programs asked for. */
  readonly asked: Asked = new Asked();
  #memory: Memory | undefined;
  #bytes = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Its size. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Makes room for a program that needs `bytes`. */
  add(bytes: number): void {
    this.#needs.push(bytes);
  }

  /** Takes back what `add` was called with. */
  remove(bytes: number): void {
    this.#needs.splice(this.#needs.indexOf(bytes), 1);
  }

  /** Frees the memory until it is asked for again. */
  release(): void {
    destroyMemory(this.#device, this.#memory);
    this.#memory = undefined;
    this.#bytes = 0;
  }

  /** The memory, of at least `bytes`, which a program was added with. */
  async memory(bytes: number): Promise<Memory> {
    this.asked.add(bytes);
    // What a program needed that was removed is not kept.
    const fits = bytes <= this.#bytes && this.#bytes <= Math.max(...this.#needs);
    if (this.#memory && fits) return this.#memory;
    this.release();
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const memory = await this.#device.checked(
      "make room for the program",
      () => createMemory(this.#device, bytes, usage),
    );
    this.#bytes = bytes;
    return this.#memory = memory;
  }
}
