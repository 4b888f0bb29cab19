import { writeFileAtomic } from "../io/atomic.ts";
import { openSource } from "../io/open_source.ts";
import type { NpyArray } from "../io/npy.ts";
import { maxNpzBytes, writeNpz } from "../io/npz.ts";
import { openSafetensors } from "../io/safetensors/file.ts";
import { type TensorToWrite, writeSafetensors } from "../io/safetensors/write.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { tokenSetKey } from "../tokenizer/token_facts.ts";
import type { TokenSetFacts } from "./token_set.ts";

/** The tokens of some images as arrays of a token file: `tokens`, optionally `mirrored`, `images`, optionally `labels`. */
export type TokenArrays = ReadonlyMap<string, { readonly shape: Shape; readonly data: Uint32Array }>;

/** Writes a few images' tokens: a part of a set, and a set itself. */
export async function writeTokenPart(path: string, arrays: TokenArrays, facts: TokenSetFacts): Promise<void> {
  const tensors = [...arrays].map(([name, { shape, data }]): TensorToWrite => ({
    name,
    dtype: "u32",
    shape,
    data: () => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  await writeSafetensors(path, { tensors, metadata: { [tokenSetKey]: JSON.stringify(facts) } });
}

/** Throws `ArgumentError` where a set's file can have no such name, or not hold `tokens` tokens. */
export function checkTokenFile(path: string, tokens: number): void {
  if (/\.safetensors$/i.test(path)) return;
  if (!/\.npz$/i.test(path)) {
    throw new ArgumentError(`Cannot write tokens to ${path}`, {
      expected: "a name that ends in .npz or .safetensors",
      got: "another",
    });
  }
  if (tokens * 4 <= maxNpzBytes / 2) return;
  throw new ArgumentError(`Cannot write tokens to ${path}`, {
    expected: `at most ${maxNpzBytes / 8} tokens in an .npz, which is put together in memory`,
    got: `${tokens}`,
    hint: "write to a .safetensors file, or cut the work into parts with --shard",
  });
}

/** Puts parts together to one file, `.npz` or `.safetensors`; the latter without having it in memory. */
export async function joinTokenParts(
  path: string,
  parts: readonly string[],
  facts: TokenSetFacts,
): Promise<{ images: number }> {
  const shapes = new Map<string, number[]>();
  for (const part of parts) {
    await using file = await openSafetensors(await openSource(part));
    for (const [name, { shape: [count, ...rest] }] of file.tensors) {
      const before = shapes.get(name);
      shapes.set(name, [(before?.[0] ?? 0) + count!, ...rest]);
    }
  }
  const images = shapes.get("images")![0]!;
  if (/\.npz$/i.test(path)) {
    const arrays: Record<string, NpyArray> = {
      codebookSize: { shape: [], data: BigInt64Array.of(BigInt(facts.codebookSize)) },
      size: { shape: [2], data: Uint32Array.of(facts.size, facts.size) },
    };
    for (const [name, shape] of shapes) {
      const data = new Uint32Array(sizeOf(shape));
      let at = 0;
      for await (const piece of piecesOf(name, parts)) {
        data.set(new Uint32Array(piece.buffer), at);
        at += piece.length / 4;
      }
      arrays[name] = { shape, data };
    }
    await writeFileAtomic(path, writeNpz(arrays));
  } else {
    await writeSafetensors(path, {
      metadata: { [tokenSetKey]: JSON.stringify(facts) },
      tensors: [...shapes].map(([name, shape]): TensorToWrite => ({
        name,
        dtype: "u32",
        shape,
        data: () => piecesOf(name, parts),
      })),
    });
  }
  return { images };
}

/** What each part holds of an array. */
async function* piecesOf(name: string, parts: readonly string[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const part of parts) {
    const source = await openSource(part);
    await using file = await openSafetensors(source);
    const { offset, bytes } = file.tensors.get(name)!;
    yield await source.read(offset, bytes);
  }
}
