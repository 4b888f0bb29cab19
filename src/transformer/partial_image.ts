import type { Image } from "../image/image.ts";
import { imageGrid } from "../tokenizer/grid.ts";
import type { Tokens } from "../tokenizer/tokens.ts";

/**
 * The image of tokens of which only the first `rows` rows are generated, grey below. A decoder sees tokens around each pixel,
 * so the last of these rows also stands for those below. `decode` turns tokens into their image.
 */
export async function decodePartial(
  tokens: Tokens,
  { rows, decode }: { rows: number; decode: (tokens: Tokens) => Promise<Image> },
): Promise<Image> {
  const [height, width] = imageGrid(tokens.grid, "decode the tokens");
  const data = tokens.data.slice();
  for (let row = rows; row < height; row++) data.copyWithin(row * width, (rows - 1) * width, rows * width);
  const image = await decode({ ...tokens, data });
  image.data.fill(128, rows * (image.height / height) * image.width * 3);
  return image;
}
