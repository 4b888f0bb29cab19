import { createMemory, destroyMemory, type Memory } from "./memory.ts";
import type { Device } from "./live_device.ts";
import { BufferUsage } from "./usage.ts";

/**
 * The working memory that the programs of one device share. They run one at a time, and it has the size that the largest
 * of them needs.
 *
 * It may be reallocated when a program is added or removed. Bind groups made with the old memory must then be recreated.
 */
export class Arena {
  readonly #device: Device;
  readonly #needs: number[] = [];
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

  async memory(): Promise<Memory> {
    const bytes = Math.max(16, ...this.#needs);
    if (this.#memory && bytes === this.#bytes) return this.#memory;
    destroyMemory(this.#device, this.#memory);
    this.#memory = undefined;
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const memory = await this.#device.checked(
      "make room for the program",
      () => createMemory(this.#device, bytes, usage),
    );
    this.#bytes = bytes;
    return this.#memory = memory;
  }
}
