import { align } from "./heap.ts";

/** A buffer at `address` from which the commands of an op take pieces. */
export class ScratchBuffer {
  readonly #address: number;
  /** Bytes taken so far. */
  bytes = 0;

  constructor(address: number) {
    this.#address = address;
  }

  /** The address of a new piece of `bytes`. */
  readonly take = (bytes: number): number => {
    const piece = this.#address + this.bytes;
    this.bytes += Math.ceil(bytes / align) * align;
    return piece;
  };
}
