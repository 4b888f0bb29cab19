import type { PickleBytes } from "./pickle_bytes.ts";
import type { PickleMachine } from "./pickle_machine.ts";
import { PickleDict, PickleList, PickleObject, PickleTuple, type PickleValue } from "./pickle_values.ts";

/** Executes one operation, whose arguments follow in `bytes`. */
export type Operation = (machine: PickleMachine, bytes: PickleBytes) => void;

/** The operations that Python writes in protocols 2 to 5, by code. Those of protocols 0 and 1 only are not supported. */
export const operations: readonly (Operation | undefined)[] = Object.assign(
  new Array<undefined>(256).fill(undefined),
  {
    0x28: (machine) => machine.mark(), // MARK
    0x29: (machine) => machine.push(new PickleTuple([])), // EMPTY_TUPLE
    0x30: (machine) => void machine.pop(), // POP
    0x31: (machine) => void machine.popMark(), // POP_MARK
    0x32: (machine) => machine.push(machine.peek()), // DUP
    0x42: (machine, bytes) => machine.push(bytes.take(bytes.u32())), // BINBYTES
    0x43: (machine, bytes) => machine.push(bytes.take(bytes.u8())), // SHORT_BINBYTES
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
    0x81: (machine) => machine.reduce(), // NEWOBJ: treated as a call
    0x85: tuple(1), // TUPLE1
    0x86: tuple(2), // TUPLE2
    0x87: tuple(3), // TUPLE3
    0x88: (machine) => machine.push(true), // NEWTRUE
    0x89: (machine) => machine.push(false), // NEWFALSE
    0x8a: (machine, bytes) => machine.push(bytes.long(bytes.u8())), // LONG1
    0x8b: (machine, bytes) => machine.push(bytes.long(bytes.u32())), // LONG4
    0x8c: (machine, bytes) => machine.push(bytes.text(bytes.u8())), // SHORT_BINUNICODE
    0x8d: (machine, bytes) => machine.push(bytes.text(bytes.u64())), // BINUNICODE8
    0x8e: (machine, bytes) => machine.push(bytes.take(bytes.u64())), // BINBYTES8
    0x8f: (machine) => machine.push(new PickleObject()), // EMPTY_SET
    0x90: (machine) => machine.append(machine.popMark()), // ADDITEMS
    0x91: (machine) => { // FROZENSET
      machine.popMark();
      machine.push(new PickleObject());
    },
    0x92: (machine) => { // NEWOBJ_EX: keywords change nothing, as nothing is called
      machine.pop();
      machine.reduce();
    },
    0x93: (machine, bytes) => { // STACK_GLOBAL
      const name = machine.pop(), module = machine.pop();
      if (typeof module !== "string" || typeof name !== "string") {
        bytes.refuse("two texts as a name", "others");
      } else machine.global(module, name);
    },
    0x94: (machine) => machine.memoize(), // MEMOIZE
    0x95: (_, bytes) => void bytes.u64(), // FRAME
    0x96: (machine, bytes) => machine.push(bytes.take(bytes.u64())), // BYTEARRAY8
  } satisfies Record<number, Operation>,
);

function tuple(count: number): Operation {
  return (machine) => {
    const items = new Array<PickleValue>(count);
    for (let i = count - 1; i >= 0; i--) items[i] = machine.pop();
    machine.push(new PickleTuple(items));
  };
}
