/** Steps that can be undone. */
const most = 200;

/** States that can be gone back to, and forward again. */
export class Undo<State> {
  #past: State[] = [];
  #future: State[] = [];

  /** Notes the state before a change. */
  push(before: State): void {
    this.#past.push(before);
    if (this.#past.length > most) this.#past.shift();
    this.#future = [];
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** The state before the last change, if there is one. `now` can be gone forward to. */
  undo(now: State): State | undefined {
    if (!this.canUndo) return undefined;
    this.#future.push(now);
    return this.#past.pop();
  }

  /** The state after the change that was undone last. */
  redo(now: State): State | undefined {
    if (!this.canRedo) return undefined;
    this.#past.push(now);
    return this.#future.pop();
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
  }
}
