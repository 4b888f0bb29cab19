import type { ByteSource } from "../io/byte_source.ts";
import { openSource } from "../io/open_source.ts";
import { readHeader } from "../io/safetensors/file.ts";
import { StreamSource } from "../io/stream_source.ts";
import { unfit } from "../tensor/describe.ts";
import { formatShape } from "../tensor/shape.ts";
import { gridSize, isGrid } from "./grid.ts";
import { parseFacts, tokenSetKey } from "./token_facts.ts";
import { parseTokens, unreadable } from "./token_file.ts";
import type { Tokens } from "./tokens.ts";

/** Bytes of a file that are read at once. */
const pieceBytes = 2 ** 20;

/**
 * Reads the tokens of images from a file: its path or `file:` URL, a `Blob`, or its bytes. It may be any that
 * `tokensToNpz`, `tokensToJson`, a `TokenEncoderStream`, `voken encode` or `voken tokenize` wrote, also in version 0.1.0: an
 * `.npz` or safetensors file with `tokens` of the layout `[n,h,w]`, or JSON with a list for each image. What it is is told
 * by its content. All tokens are in memory; a `TokenDecoderStream` gives one image's at a time.
 *
 * Throws `CheckpointError` if the file cannot be read or holds something else, `ArgumentError` for another source. Whether
 * the tokens fit a model is checked by `Tokenizer.decode`.
 */
export async function readTokens(source: string | URL | Blob | Uint8Array | ArrayBuffer): Promise<Tokens[]> {
  const given = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  const isKnown = typeof given === "string" || given instanceof URL || given instanceof Blob ||
    given instanceof Uint8Array;
  if (!isKnown) throw unfit("Cannot read tokens", "a path, a file: URL, a Blob or bytes", source);
  await using file = await openSource(given);
  return await Array.fromAsync(decodeTokens(piecesOf(file), { name: file.name, size: file.size }));
}

/** The tokens of a file whose bytes, `size` of them if that is known, come in pieces. Throws as `readTokens` does. */
export async function* decodeTokens(
  pieces: AsyncIterable<Uint8Array>,
  { name, size }: { name: string; size?: number },
): AsyncGenerator<Tokens, void, undefined> {
  await using source = new StreamSource(pieces, { name });
  // A safetensors file begins with a length below 2^56, then an object of JSON.
  const head = await source.peek(0, 9);
  if (head[7] === 0 && head[8] === 0x7b) yield* fromSafetensors(source, size);
  else yield* parseTokens(await source.peek(0, Infinity), { file: name });
}

async function* fromSafetensors(source: StreamSource, size?: number): AsyncGenerator<Tokens> {
  const { metadata, tensors } = await readHeader(source, size);
  const { dtype, shape: [n = 0, ...grid] = [], offset = 0 } = tensors.get("tokens") ?? {};
  if (dtype !== "u32" || !isGrid(grid)) {
    const got = [...tensors.values()].map(({ name, dtype, shape }) =>
      `${name} ${dtype} ${formatShape(shape)}`
    );
    throw unreadable(source.name, "tokens u32 [n,h,w]", got.join(", ").slice(0, 200) || "no arrays");
  }
  const facts = parseFacts(metadata);
  if (!facts) {
    throw unreadable(source.name, `codebookSize as JSON in the metadata, under ${tokenSetKey}`, "none");
  }
  const { codebookSize, size: pixels } = facts, bytes = gridSize(grid) * 4;
  for (let i = 0; i < n; i++) {
    const data = new Uint32Array((await source.read(offset + i * bytes, bytes)).buffer);
    yield { grid, codebookSize, data, ...(pixels ? { size: pixels } : {}) };
  }
}

async function* piecesOf(file: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += pieceBytes) {
    yield await file.read(at, Math.min(pieceBytes, file.size - at));
  }
}
