import type { PickleBytes } from "./pickle_bytes.ts";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from "./pickle_values.ts";

/** The meaning of a pickle's names, calls and persistent ids. */
export interface PickleRules {
  /** Throws if the name is not allowed. */
  checkGlobal(name: string): void;
  /** The result of calling `callable` without calling it: a known value, or an inert object. */
  reduce(callable: PickleGlobal, args: readonly PickleValue[]): PickleValue;
  persistent(id: PickleValue): PickleValue;
}

/** The stack machine of pickles: a stack, marks on it, and a memo. Bytes are read only for error messages. */
export class PickleMachine {
  readonly #bytes: PickleBytes;
  readonly #rules: PickleRules;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  /** By index. A map, because a pickle may use any index. */
  readonly #memo: Map<number, PickleValue> = new Map();

  constructor(bytes: PickleBytes, rules: PickleRules) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    // Values below a mark are not accessible: Python's unpickler has a stack for each mark.
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.#bytes.refuse("a value on the stack", "none");
    return this.#stack.pop()!;
  }

  peek(): PickleValue {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Removes the last mark and everything above it. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    return mark === undefined ? this.#bytes.refuse("a mark on the stack", "none") : this.#stack.splice(mark);
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) this.#bytes.refuse(`value ${index} in the memo`, "none");
    this.#stack.push(value!);
  }

  put(index: number): void {
    this.#memo.set(index, this.peek());
  }

  /** Puts the top value in the memo under the next number. */
  memoize(): void {
    this.put(this.#memo.size);
  }

  global(module: string, name: string): void {
    const global = new PickleGlobal(`${module}.${name}`);
    this.#rules.checkGlobal(global.name);
    this.#stack.push(global);
  }

  reduce(): void {
    const args = this.pop(), callable = this.pop();
    // What a call made may be called again, such as a partial function.
    if (callable instanceof PickleObject) this.#stack.push(new PickleObject());
    else if (!(callable instanceof PickleGlobal)) this.#bytes.refuse("a name to be called", kindOf(callable));
    else if (!(args instanceof PickleTuple)) this.#bytes.refuse("a tuple of arguments", kindOf(args));
    else this.#stack.push(this.#rules.reduce(callable, args.items));
  }

  persistent(): void {
    this.#stack.push(this.#rules.persistent(this.pop()));
  }

  append(items: readonly PickleValue[]): void {
    const list = this.peek();
    if (list instanceof PickleList) {
      for (const item of items) list.items.push(item);
    } else if (!(list instanceof PickleObject)) this.#bytes.refuse("a list", kindOf(list));
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.peek();
    if (items.length % 2 !== 0) this.#bytes.refuse("pairs of key and value", `${items.length} values`);
    if (dict instanceof PickleDict) {
      for (const item of items) dict.items.push(item);
    } else if (!(dict instanceof PickleObject)) this.#bytes.refuse("a dict", kindOf(dict));
  }

  /** Gives an object its state. */
  build(): void {
    const state = this.pop(), target = this.peek();
    if (target instanceof PickleObject) target.state = state;
    else if (!(target instanceof PickleDict)) {
      this.#bytes.refuse("an object to receive state", kindOf(target));
    }
  }

  /** The result: the only value on the stack. */
  stop(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      this.#bytes.refuse("one value at the end", `${this.#stack.length + 1}`);
    }
    return value;
  }
}

function kindOf(value: PickleValue): string {
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? value.kind : `a ${typeof value}`;
}
