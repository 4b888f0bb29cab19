import { concat, utf8 } from "../support.ts";

/** Pieces of pickles, put together by `pickle`. */
export type Piece = Uint8Array | readonly Piece[];

function little(width: 1 | 2 | 4, value: number): number[] {
  return Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 255);
}

/** Operations by code. */
export function op(...codes: number[]): Piece {
  return Uint8Array.from(codes);
}

export const mark: Piece = op(0x28),
  none: Piece = op(0x4e),
  reduce: Piece = op(0x52),
  build: Piece = op(0x62);
export const emptyDict: Piece = op(0x7d), emptyList: Piece = op(0x5d), emptyTuple: Piece = op(0x29);
export const stop: Piece = op(0x2e), falsity: Piece = op(0x89), persistent: Piece = op(0x51);

export function text(value: string): Piece {
  const bytes = utf8(value);
  return [op(0x58, ...little(4, bytes.length)), bytes];
}

export function int(value: number): Piece {
  return op(0x4a, ...little(4, value));
}

export function global(module: string, name: string): Piece {
  return [op(0x63), utf8(`${module}\n${name}\n`)];
}

export function tuple(...items: Piece[]): Piece {
  return [mark, items, op(0x74)];
}

/** A dict of text keys. */
export function dict(entries: Readonly<Record<string, Piece>>): Piece {
  return [emptyDict, mark, Object.entries(entries).map(([key, value]) => [text(key), value]), op(0x75)];
}

export function storage(
  { type = "FloatStorage", key = "0", elements = 6 }: { type?: string; key?: string; elements?: number } = {},
): Piece {
  return [tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(elements)), persistent];
}

/** A storage as files of the old format name it, with the part of another one that it is. */
export function legacyStorage(
  { type = "FloatStorage", key = "0", elements = 6, part = none }: {
    type?: string;
    key?: string;
    elements?: number;
    part?: Piece;
  } = {},
): Piece {
  const facts = [text("storage"), global("torch", type), text(key), text("cpu"), int(elements), part];
  return [tuple(...facts), persistent];
}

/** A file of the format before PyTorch 1.6: what was saved, and storages by key. */
export function legacyFile(
  top: Piece,
  storages: Readonly<Record<string, Float32Array>>,
  { version = 1001, little = true, keys = Object.keys(storages) }: {
    version?: number;
    little?: boolean;
    keys?: readonly string[];
  } = {},
): Uint8Array<ArrayBuffer> {
  const magic = op(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
  const machine = dict({ protocol_version: int(version), little_endian: op(little ? 0x88 : 0x89) });
  return concat([
    pickle(magic),
    pickle(int(version)),
    pickle(machine),
    pickle(top),
    pickle(emptyList, mark, keys.map(text), op(0x65)),
    ...Object.values(storages).flatMap((data) => [
      new Uint8Array(BigUint64Array.of(BigInt(data.length)).buffer),
      new Uint8Array(data.buffer),
    ]),
  ]);
}

/** A call of `_rebuild_tensor_v2`, as torch writes it. */
export function tensor(
  { offset = 0, shape = [2, 3], strides = [3, 1], from = storage() }: {
    offset?: number;
    shape?: readonly number[];
    strides?: readonly number[];
    from?: Piece;
  } = {},
): Piece {
  return [
    global("torch._utils", "_rebuild_tensor_v2"),
    tuple(
      from,
      int(offset),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      falsity,
      [global("collections", "OrderedDict"), emptyTuple, reduce],
    ),
    reduce,
  ];
}

/** A pickle of protocol 2: its head, the pieces, STOP. */
export function pickle(...pieces: Piece[]): Uint8Array<ArrayBuffer> {
  return flatten([op(0x80, 2), pieces, stop]);
}

/** The bytes of pieces as they are. */
export function flatten(piece: Piece): Uint8Array<ArrayBuffer> {
  return piece instanceof Uint8Array ? concat([piece]) : concat(piece.map(flatten));
}
