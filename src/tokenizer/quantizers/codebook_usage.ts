/** Counts which codes of a codebook occur. */
export class CodebookUsage {
  readonly #codebookSize: number;
  readonly #codes: Set<number> = new Set();

  constructor({ codebookSize }: { codebookSize: number }) {
    this.#codebookSize = codebookSize;
  }

  add(tokens: Uint32Array): void {
    for (const token of tokens) this.#codes.add(token);
  }

  /** Number of different codes so far. */
  get codes(): number {
    return this.#codes.size;
  }

  /** Their share of the codebook, from 0 to 1. */
  get utilization(): number {
    return this.#codes.size / this.#codebookSize;
  }
}
