/** A value of a pickle. Integers beyond 2^53 are `bigint`; byte strings are `Uint8Array`. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleObject;

/** A tuple. */
export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }

  get kind(): string {
    return "a tuple";
  }
}

/** A list. */
export class PickleList {
  readonly items: PickleValue[] = [];

  get kind(): string {
    return "a list";
  }
}

/** A dict, as the keys and values in the order in which they were set: keys that are never looked up are not hashed. */
export class PickleDict {
  /** Key, value, key, value, … */
  readonly items: PickleValue[] = [];

  /** Pairs of keys and values. Keys may occur more than once. */
  *entries(): Generator<[PickleValue, PickleValue]> {
    for (let i = 0; i < this.items.length; i += 2) yield [this.items[i]!, this.items[i + 1]!];
  }

  /** The last value of a string key. */
  get(key: string): PickleValue | undefined {
    for (let i = this.items.length - 2; i >= 0; i -= 2) {
      if (this.items[i] === key) return this.items[i + 1];
    }
  }

  get kind(): string {
    return "a dict";
  }
}

/** The name of a function or a class. */
export class PickleGlobal {
  /** Module and name, separated by a dot. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get kind(): string {
    return "a name";
  }
}

/** Stands for an object that a pickle would create by a call, which is not made. */
export class PickleObject {
  /** The attributes that the pickle gives it. */
  state: PickleValue = null;

  get kind(): string {
    return "an object";
  }
}
