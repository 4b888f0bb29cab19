/** What a pickle holds. Integers beyond 2^53 are `bigint`; byte strings are bytes. */
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

/** A dict, as the keys and values in the order in which they were set: nothing is hashed that nobody looks up. */
export class PickleDict {
  /** Key, value, key, value, … */
  readonly items: PickleValue[] = [];

  /** Keys and values in turn; a key may come again, as in a pickle. */
  *entries(): Generator<[PickleValue, PickleValue]> {
    for (let i = 0; i < this.items.length; i += 2) yield [this.items[i]!, this.items[i + 1]!];
  }

  /** The value set last for the text `key`. */
  get(key: string): PickleValue | undefined {
    for (let i = this.items.length - 2; i >= 0; i -= 2) {
      if (this.items[i] === key) return this.items[i + 1];
    }
  }

  get kind(): string {
    return "a dict";
  }
}

/** A name that a pickle asks for: a function or a class, of which only the name is kept. */
export class PickleGlobal {
  /** Module and name, with a dot between. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get kind(): string {
    return "a name";
  }
}

/** Stands for an object that a pickle would create by a call. The call is not made, and any state is ignored. */
export class PickleObject {
  get kind(): string {
    return "an object";
  }
}
