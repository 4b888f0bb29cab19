import type { Tensor, TensorOf } from "../graph/ops.ts";

/** What makes nodes and constants. */
interface Nodes {
  node(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, number>>): string;
  ints(values: readonly number[]): string;
}

/** A state: a handle of the op of that name. */
export type State = TensorOf<"state"> & Tensor;

/** The value of a state so far. */
interface StateValue {
  readonly value: string;
  /** Entries along axis 3, the positions of a cache, that it has, from the first; all if not given. */
  readonly filled?: number;
}

/**
 * The states of a graph while it is exported: the value from before a run is an input, the one from after it an output. The
 * caches that a run fills from their first position to their last, and reads no further, are neither.
 */
export class StateValues {
  readonly #to: Nodes;
  readonly #values: Map<State, StateValue> = new Map();
  readonly #inputs: Set<State> = new Set();

  constructor(to: Nodes) {
    this.#to = to;
  }

  /** States whose value from before a run is read, which is an input by their name. */
  get inputs(): State[] {
    return [...this.#inputs];
  }

  /** States that have another value after a run, and its name. */
  get outputs(): [State, string][] {
    const changed = [...this.#values].filter(([state, { filled }]) =>
      filled === undefined || filled < state.shape[3]!
    );
    return changed.map(([state]) => [state, this.of(state)]);
  }

  /** The value of a state now. */
  of(state: State): string {
    const known = this.#values.get(state);
    if (known && known.filled === undefined) return known.value;
    this.#inputs.add(state);
    const { name } = state.attrs;
    if (!known) return name;
    const ends = [known.filled!, state.shape[3]!].map((at) => this.#to.ints([at]));
    const rest = this.#to.node("Slice", [name, ...ends, this.#to.ints([3])]);
    const value = this.#to.node("Concat", [known.value, rest], { axis: 3 });
    this.write(state, value);
    return value;
  }

  /** Gives a state a new value. */
  write(state: State, value: string): void {
    this.#values.set(state, { value });
  }

  /**
   * Adds a position to a cache whose positions before it, and no others, were written in this run. Returns all of them, or
   * nothing where that is not so.
   */
  append(cache: State, { position, value }: { position: number; value: string }): string | undefined {
    const known = this.#values.get(cache);
    if (position !== (known ? known.filled : 0)) return;
    const all = known ? this.#to.node("Concat", [known.value, value], { axis: 3 }) : value;
    this.#values.set(cache, { value: all, filled: position + 1 });
    return all;
  }
}
