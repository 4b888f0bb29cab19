import { Asked } from "../idle.ts";
import { mebibytes, OutOfMemoryError } from "../out_of_memory.ts";
import { type Heap, mostBytes } from "./heap.ts";

/**
 * The block of memory that the programs of one backend work in, one at a time. It grows to what the most demanding of
 * them needs when that one runs. What it holds lasts for one run.
 *
 * It moves when programs come and go: whoever keeps addresses in it must ask `at` before each run.
 */
export class Workspace {
  readonly #heap: Heap;
  readonly #most: number;
  readonly #needs: number[] = [];
  /** Bytes that programs asked for. */
  readonly asked: Asked = new Asked();
  #isAside = false;
  #address = 0;
  #bytes = 0;

  /** A program may need at most `most` bytes. */
  constructor(heap: Heap, { most = mostBytes }: { most?: number } = {}) {
    this.#heap = heap;
    this.#most = most;
  }

  /** Size of the block. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the block begins now, with at least `bytes`. Throws `BackendError` if memory lacks. */
  at(bytes: number): number {
    this.asked.add(bytes);
    if (bytes > this.#bytes) {
      this.release();
      this.#address = this.#heap.allocate(bytes);
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
    this.#check(bytes);
    const wanted = Math.max(bytes, this.#bytes);
    this.release();
    const kept = allocate();
    // Memory is short while two blocks are needed: the new program's is made when it runs.
    if (!this.#isAside) this.at(wanted);
    this.#needs.push(bytes);
    return kept;
  }

  /** Takes back what `add` was called with. */
  remove(bytes: number): void {
    this.#needs.splice(this.#needs.indexOf(bytes), 1);
    // Smaller is made at once; growing back waits for the next run.
    const most = Math.max(0, ...this.#needs);
    if (most >= this.#bytes) return;
    this.release();
    if (most > 0) this.at(most);
  }

  /** Keeps the block as it is while `work` runs, in which programs have another one. */
  async aside(work: () => Promise<void>): Promise<void> {
    const [address, bytes] = [this.#address, this.#bytes];
    this.#address = this.#bytes = 0;
    this.#isAside = true;
    try {
      await work();
    } finally {
      this.release();
      this.#isAside = false;
      [this.#address, this.#bytes] = [address, bytes];
    }
  }

  /** Gives the block back until the next question for its address. */
  release(): void {
    if (this.#bytes > 0) this.#heap.free(this.#address);
    this.#address = this.#bytes = 0;
  }

  #check(bytes: number): void {
    if (bytes <= this.#most) return;
    throw new OutOfMemoryError("Cannot make room for the program", {
      lack: { wanted: bytes, free: this.#most, most: this.#most },
      expected: `at most ${mebibytes(this.#most)} (maxArenaBytes)`,
      got: mebibytes(bytes),
      hint: "use smaller images or batches, or raise the limit of createBackend",
    });
  }
}
