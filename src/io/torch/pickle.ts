import { PickleBytes } from "./pickle_bytes.ts";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from "./pickle_values.ts";

/** What a pickle's names, calls and persistent ids stand for. Nothing else decides what exists. */
export interface PickleRules {
  /** Throws where the name is not allowed. */
  checkGlobal(name: string): void;
  /** The value of calling `callable`, which is never called: known ones are understood, others stay inert. */
  reduce(callable: PickleGlobal, args: readonly PickleValue[]): PickleValue;
  persistent(id: PickleValue): PickleValue;
}

/** The longest pickle that is read, and the most operations in it: some 25,000 tensors. */
export const maxPickleBytes: number = 32 * 2 ** 20;
export const maxPickleOperations = 1_000_000;

/**
 * Reads a pickle of protocol 2 and gives its value.
 *
 * Works through the operations once, each in time and memory bounded by its own bytes; values are never walked, so
 * that cyclic and doubling ones cost nothing. Nothing is called, whatever the pickle names.
 * Throws `CheckpointError` for names that are not allowed, operations of other protocols, extension codes, anything
 * taken from an empty stack or memo, bytes behind the end, and more than `maxPickleOperations`.
 */
export function readPickle(
  bytes: Uint8Array,
  rules: PickleRules,
  { file }: { file: string },
): PickleValue {
  const all = new PickleBytes(bytes, file);
  const value = new PickleMachine(all, rules).run();
  if (all.left > 0) all.refuse("nothing behind the end", `${all.left} bytes`);
  return value;
}

/** Reads the pickle that `bytes` begin with, as `readPickle` does, and tells its length. */
export function readFirstPickle(
  bytes: Uint8Array,
  rules: PickleRules,
  { file }: { file: string },
): { value: PickleValue; length: number } {
  const all = new PickleBytes(bytes, file);
  const value = new PickleMachine(all, rules).run();
  return { value, length: bytes.length - all.left };
}

class PickleMachine {
  readonly #bytes: PickleBytes;
  readonly #rules: PickleRules;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  /** By index; a map, since a pickle may name any index. */
  readonly #memo: Map<number, PickleValue> = new Map();

  constructor(bytes: PickleBytes, rules: PickleRules) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  run(): PickleValue {
    const bytes = this.#bytes;
    if (bytes.u8() !== 0x80 || bytes.u8() !== 2) bytes.refuse("a pickle of protocol 2", "another");
    for (let count = 1; count <= maxPickleOperations; count++) {
      const code = bytes.u8();
      if (code === 0x2e) return this.#stop();
      const operation = operations[code];
      if (!operation) bytes.refuse("an operation of pickle protocol 2", describe(code));
      operation!(this, bytes);
    }
    return bytes.refuse(`at most ${maxPickleOperations} operations`, "more");
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    // Below a mark there is nothing to take either: Python's unpickler keeps a stack for each mark.
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

  /** Everything above the last mark, which goes as well. */
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

  global(module: string, name: string): void {
    const global = new PickleGlobal(`${module}.${name}`);
    this.#rules.checkGlobal(global.name);
    this.#stack.push(global);
  }

  reduce(): void {
    const args = this.pop(), callable = this.pop();
    if (!(callable instanceof PickleGlobal)) this.#bytes.refuse("a name to be called", kindOf(callable));
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

  /** State of an object: of no interest, as the object is. */
  build(): void {
    this.pop();
    const target = this.peek();
    if (!(target instanceof PickleObject || target instanceof PickleDict)) {
      this.#bytes.refuse("an object to receive state", kindOf(target));
    }
  }

  #stop(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      this.#bytes.refuse("one value at the end", `${this.#stack.length + 1}`);
    }
    return value;
  }
}

function describe(code: number): string {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  return code >= 0x82 && code <= 0x84 ? `${hex}, an extension code` : hex;
}

function kindOf(value: PickleValue): string {
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? value.kind : `a ${typeof value}`;
}

function tuple(count: number): Operation {
  return (machine) => {
    const items = new Array<PickleValue>(count);
    for (let i = count - 1; i >= 0; i--) items[i] = machine.pop();
    machine.push(new PickleTuple(items));
  };
}

type Operation = (machine: PickleMachine, bytes: PickleBytes) => void;

/** The operations of protocol 2 that `pickle` writes, by code. Those that only protocols 0 and 1 use are refused. */
const operations: readonly (Operation | undefined)[] = Object.assign(
  new Array<undefined>(256).fill(undefined),
  {
    0x28: (machine) => machine.mark(), // MARK
    0x29: (machine) => machine.push(new PickleTuple([])), // EMPTY_TUPLE
    0x30: (machine) => void machine.pop(), // POP
    0x31: (machine) => void machine.popMark(), // POP_MARK
    0x32: (machine) => machine.push(machine.peek()), // DUP
    0x47: (machine, bytes) => machine.push(bytes.f64()), // BINFLOAT
    0x4a: (machine, bytes) => machine.push(bytes.i32()), // BININT
    0x4b: (machine, bytes) => machine.push(bytes.u8()), // BININT1
    0x4d: (machine, bytes) => machine.push(bytes.u16()), // BININT2
    0x4e: (machine) => machine.push(null), // NONE
    0x51: (machine) => machine.persistent(), // BINPERSID
    0x52: (machine) => machine.reduce(), // REDUCE
    0x54: (machine, bytes) => machine.push(bytes.take(bytes.u32())), // BINSTRING
    0x55: (machine, bytes) => machine.push(bytes.take(bytes.u8())), // SHORT_BINSTRING
    0x58: (machine, bytes) => machine.push(bytes.text(bytes.u32())), // BINUNICODE
    0x5d: (machine) => machine.push(new PickleList()), // EMPTY_LIST
    0x61: (machine) => machine.append([machine.pop()]), // APPEND
    0x62: (machine) => machine.build(), // BUILD
    0x63: (machine, bytes) => machine.global(bytes.line(), bytes.line()), // GLOBAL
    0x65: (machine) => machine.append(machine.popMark()), // APPENDS
    0x68: (machine, bytes) => machine.get(bytes.u8()), // BINGET
    0x6a: (machine, bytes) => machine.get(bytes.u32()), // LONG_BINGET
    0x71: (machine, bytes) => machine.put(bytes.u8()), // BINPUT
    0x72: (machine, bytes) => machine.put(bytes.u32()), // LONG_BINPUT
    0x73: (machine) => machine.setItems([machine.pop(), machine.pop()].reverse()), // SETITEM
    0x74: (machine) => machine.push(new PickleTuple(machine.popMark())), // TUPLE
    0x75: (machine) => machine.setItems(machine.popMark()), // SETITEMS
    0x7d: (machine) => machine.push(new PickleDict()), // EMPTY_DICT
    0x81: (machine) => machine.reduce(), // NEWOBJ: making an object is one more call that is not made
    0x85: tuple(1), // TUPLE1
    0x86: tuple(2), // TUPLE2
    0x87: tuple(3), // TUPLE3
    0x88: (machine) => machine.push(true), // NEWTRUE
    0x89: (machine) => machine.push(false), // NEWFALSE
    0x8a: (machine, bytes) => machine.push(bytes.long(bytes.u8())), // LONG1
    0x8b: (machine, bytes) => machine.push(bytes.long(bytes.u32())), // LONG4
  } satisfies Record<number, Operation>,
);
