import type { Heap } from "./heap.ts";

/**
 * The block of memory that the programs of one backend work in, one at a time: as large as the most demanding of them
 * needs. What it holds lasts for one run.
 *
 * It moves when programs come and go: whoever keeps addresses in it must ask for `address` before each run.
 */
export class Workspace {
  readonly #heap: Heap;
  readonly #needs: number[] = [];
  #address = 0;
  #bytes = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Size of the block. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the block begins now. Throws `BackendError` if memory lacks. */
  get address(): number {
    const bytes = Math.max(0, ...this.#needs);
    if (bytes !== this.#bytes) {
      this.#release();
      if (bytes > 0) this.#address = this.#heap.allocate(bytes);
      this.#bytes = bytes;
    }
    return this.#address;
  }

  /**
   * Makes room for a program that needs `bytes`. `allocate` takes what the program keeps between runs: it is called
   * while the block is given back, so that the block stays the memory's last and grows without leaving a hole.
   * Where memory lacks, it throws `BackendError`, and the block comes back with the next question for its address.
   */
  add<T>(bytes: number, allocate: () => T): T {
    this.#release();
    const kept = allocate();
    this.#needs.push(bytes);
    try {
      void this.address;
    } catch (error) {
      this.#needs.pop();
      throw error;
    }
    return kept;
  }

  /** Takes back what `add` was called with. */
  remove(bytes: number): void {
    this.#needs.splice(this.#needs.indexOf(bytes), 1);
    // Smaller is made at once; growing back waits for the next run.
    if (Math.max(0, ...this.#needs) < this.#bytes) {
      this.#release();
      void this.address;
    }
  }

  #release(): void {
    if (this.#bytes > 0) this.#heap.free(this.#address);
    this.#address = this.#bytes = 0;
  }
}
