import { concat } from "../io/concat.ts";
import { bytes, type Fields, head, integer } from "../io/protobuf.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, filePath } from "../tensor/options.ts";
import { version } from "../version.ts";
import {
  bytesOf,
  type Initializer,
  type Node,
  nodeField,
  type Place,
  tensorFields,
  valueField,
  type ValueInfo,
} from "./messages.ts";

export type { ValueInfo };

/** The version of ONNX's operators that exports use, and the one of the file format. */
const opset = 17, irVersion = 8;
/** The longest message that readers of protocol buffers take. */
const longest = 2 ** 31 - 1;
/** Smaller initializers stay in the model. */
const leastExternal = 1024;
/** Offsets in external files are multiples of it, as the format asks for. */
const page = 4096;

/** The parts of an ONNX model. */
export interface ModelParts {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

/** An ONNX model, to be written as one file, or as two where its weights are too large for one. */
export class OnnxModel {
  /** Name, element type and shape of each input. Axes of unknown length have names. */
  readonly inputs: readonly ValueInfo[];
  /** The same of each output. */
  readonly outputs: readonly ValueInfo[];
  readonly #parts: ModelParts;

  /** @internal */
  constructor(parts: ModelParts) {
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.#parts = parts;
  }

  /** Bytes of all that is stored. */
  get weightBytes(): number {
    return this.#parts.initializers.reduce((sum, initializer) => sum + bytesOf(initializer), 0);
  }

  /** Whether one file is too small: protocol buffers end at 2 GiB. */
  get needsExternalData(): boolean {
    return this.#layout().length > longest;
  }

  /**
   * The model as one file. Throws `ArgumentError` where `needsExternalData`, and what the source of the weights throws.
   */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.needsExternalData) {
      throw new ArgumentError("Cannot put the model into one file", {
        expected: `at most ${longest} bytes`,
        got: `${this.#layout().length}`,
        hint: "write it with external data",
      });
    }
    return concat(await Array.fromAsync(this.pieces()));
  }

  /**
   * The pieces of the model's file, one weight at a time. With `external`, the name of another file, the large weights are
   * in that file, whose pieces `externalPieces` gives.
   */
  async *pieces(options: { external?: string } = {}): AsyncGenerator<Uint8Array> {
    checkOptions(options, { external: filePath }, "write the model");
    const { external } = options;
    for (const piece of this.#layout(external).pieces) {
      yield piece instanceof Uint8Array ? piece : await checked(piece);
    }
  }

  /** The pieces of the file of large weights. */
  async *externalPieces(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const [initializer, { offset }] of this.#places("")) {
      if (offset > at) yield new Uint8Array(offset - at);
      yield await checked(initializer);
      at = offset + bytesOf(initializer);
    }
  }

  /** Where the large weights lie in a file of their own. */
  #places(file: string): Map<Initializer, Place> {
    let end = 0;
    return new Map(
      this.#parts.initializers.filter((initializer) => bytesOf(initializer) >= leastExternal)
        .map((initializer) => {
          const offset = Math.ceil(end / page) * page;
          end = offset + bytesOf(initializer);
          return [initializer, { file, offset }];
        }),
    );
  }

  /** The model as bytes and, between them, initializers whose elements stand there. */
  #layout(external?: string): { pieces: (Uint8Array | Initializer)[]; length: number } {
    const { nodes, initializers, inputs, outputs } = this.#parts;
    const places = external === undefined ? undefined : this.#places(external);
    const graph = [
      ...nodes.map(nodeField),
      bytes(2, "voken"),
      ...initializers.flatMap((initializer) => stored(initializer, places?.get(initializer))),
      ...inputs.map((value) => valueField(11, value)),
      ...outputs.map((value) => valueField(12, value)),
    ];
    const length = lengthOf(graph);
    const model: Fields = [
      integer(1, irVersion),
      bytes(2, "voken"),
      bytes(3, version),
      bytes(8, [bytes(1, ""), integer(2, opset)]),
      head(7, length),
    ];
    return { pieces: [...model, ...graph], length: lengthOf(model) + length };
  }
}

/** The field `initializer` of a `GraphProto`. */
function stored(initializer: Initializer, place?: Place): (Uint8Array | Initializer)[] {
  const fields = tensorFields(initializer, place);
  const data = place ? [] : [head(9, bytesOf(initializer)), initializer];
  return [head(5, lengthOf([...fields, ...data])), ...fields, ...data];
}

function lengthOf(pieces: readonly (Uint8Array | Initializer)[]): number {
  return pieces.reduce(
    (sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : bytesOf(piece)),
    0,
  );
}

/** The elements of an initializer. Throws `ArgumentError` if they are not as many as its shape says. */
async function checked(initializer: Initializer): Promise<Uint8Array> {
  const data = await initializer.data();
  if (data.length === bytesOf(initializer)) return data;
  throw new ArgumentError(`Cannot export ${initializer.name}`, {
    expected: `${bytesOf(initializer)} bytes`,
    got: `${data.length}`,
  });
}
