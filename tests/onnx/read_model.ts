/** A message of protocol buffers: the values of each field, by its number. */
type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** What a test asks of an ONNX model. */
export interface ReadModel {
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly { op: string; inputs: readonly string[]; outputs: readonly string[] }[];
  /** Elements, bytes that the model holds of them, and what is said of a file that holds them instead. */
  readonly initializers: ReadonlyMap<
    string,
    { dims: number[]; raw: number; external: Record<string, string> }
  >;
}

/** Reads the bytes of an ONNX model, by the numbers of fields in onnx.proto. */
export function readModel(bytes: Uint8Array): ReadModel {
  const model = read(bytes), graph = read(one(model, 7));
  return {
    opset: integer(read(one(model, 8)), 2),
    inputs: all(graph, 11).map((value) => text(read(value), 1)),
    outputs: all(graph, 12).map((value) => text(read(value), 1)),
    nodes: all(graph, 1).map(read).map((node) => ({
      op: text(node, 4),
      inputs: all(node, 1).map(decode),
      outputs: all(node, 2).map(decode),
    })),
    initializers: new Map(
      all(graph, 5).map(read).map((tensor) => [text(tensor, 8), {
        dims: (tensor.get(1) ?? []) as number[],
        raw: all(tensor, 9)[0]?.length ?? 0,
        external: Object.fromEntries(
          all(tensor, 13).map(read).map((entry) => [text(entry, 1), text(entry, 2)]),
        ),
      }]),
    ),
  };
}

function read(bytes: Uint8Array): Message {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = bytes[at++]!;
      value += byte % 128 * factor;
      if (byte < 128) return value;
    }
  };
  const piece = (length: number) => bytes.subarray(at, at += length);
  while (at < bytes.length) {
    const key = varint(), field = Math.floor(key / 8), kind = key % 8;
    const value = kind === 0 ? varint() : kind === 1 ? piece(8) : kind === 5 ? piece(4) : piece(varint());
    fields.set(field, [...fields.get(field) ?? [], value]);
  }
  if (at !== bytes.length) throw new Error(`The message ends at ${at}, not at ${bytes.length}`);
  return fields;
}

function all(message: Message, field: number): Uint8Array[] {
  return (message.get(field) ?? []) as Uint8Array[];
}

function one(message: Message, field: number): Uint8Array {
  return all(message, field)[0]!;
}

function integer(message: Message, field: number): number {
  return message.get(field)![0] as number;
}

function text(message: Message, field: number): string {
  return decode(one(message, field));
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
