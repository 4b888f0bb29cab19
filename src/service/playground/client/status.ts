import { element } from "./page.ts";

/** A line that says what happens. Its place is reserved, so that it neither covers nor moves anything. */
export class Status {
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  /** Shows a message. */
  readonly say = (text: string): void => {
    const line = element(this.#id);
    line.textContent = text;
    line.classList.remove("bad");
  };

  /** Shows an error. */
  fail(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error));
    element(this.#id).classList.add("bad");
  }
}
