import { UnsupportedImageError } from "../../src/image/header_type.ts";
import { readImage } from "../../src/image/read.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { concat } from "../../src/io/concat.ts";
import type { Image } from "../../src/image/image.ts";

/** A picture that is not what its digest says. */
export interface Differing {
  path: string;
  expected: string;
  got: string;
}

/** The pictures of a folder that differ from `digests.txt` in it, but those of kinds that are not supported. Errors other than `ImageError` end it. */
export async function differences(
  folder: string,
  { onDiffering = () => {} }: { onDiffering?: (one: Differing) => void } = {},
): Promise<{ count: number; differing: Differing[] }> {
  const lines = (await Deno.readTextFile(`${folder}/digests.txt`)).trimEnd().split("\n");
  const differing: Differing[] = [];
  for (const line of lines) {
    const [, expected, path] = /^(\S+) (.*)$/.exec(line) as unknown as [string, string, string];
    const got = await digestOf(`${folder}/${path}`);
    if (got === expected || got === "unsupported" || got.startsWith("refused") && expected === "refused") {
      continue;
    }
    const one = { path, expected, got };
    differing.push(one);
    onDiffering(one);
  }
  return { count: lines.length, differing };
}

async function digestOf(path: string): Promise<string> {
  let image: Image;
  try {
    image = await readImage(path);
  } catch (error) {
    if (!(error instanceof ImageError)) throw new Error(`Cannot read ${path}`, { cause: error });
    return error instanceof UnsupportedImageError ? "unsupported" : `refused: ${error.message}`;
  }
  const size = new TextEncoder().encode(`${image.width}x${image.height}`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat([size, image.data]))).toHex();
}
