import type { Session } from "./session.ts";
import { BufferUsage } from "./usage.ts";

/**
 * The buffer that the programs of one device work in, one at a time: as large as the most demanding of them needs.
 *
 * It is another one when programs have come or gone: bind groups made with it must be made anew.
 */
export class Arena {
  readonly #session: Session;
  readonly #needs: number[] = [];
  #buffer: GPUBuffer | undefined;
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Size of the buffer. */
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

  async buffer(): Promise<GPUBuffer> {
    const bytes = Math.max(16, ...this.#needs);
    if (this.#buffer && bytes === this.#bytes) return this.#buffer;
    this.#session.destroyBuffer(this.#buffer);
    this.#buffer = undefined;
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const buffer = await this.#session.checked(
      "make room for the program",
      () => this.#session.createBuffer(bytes, usage),
    );
    this.#bytes = bytes;
    return this.#buffer = buffer;
  }
}
