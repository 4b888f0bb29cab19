import { imageGrid } from "../../../tokenizer/grid.ts";
import type { PageTokens, Pixels } from "./engine.ts";
import { fromPacked, toPacked } from "./packed.ts";
import { encodePng } from "./pixels.ts";

/** Has the browser save an image. */
export async function savePng(pixels: Pixels, name: string): Promise<void> {
  save(await encodePng(pixels), `${name}.png`);
}

/** Has the browser save tokens, as the file that `voken encode --json` writes and `voken decode` reads. */
export function saveTokens({ tokens, ...rest }: PageTokens, name: string): void {
  save(
    new Blob([JSON.stringify({ ...rest, tokens: [tokens] })], { type: "application/json" }),
    `${name}.json`,
  );
}

/** The tokens of the first image in a JSON file as `saveTokens` and `voken encode --json` write it. Throws for another. */
export async function openTokens(file: Blob): Promise<PageTokens> {
  const text = await file.text();
  try {
    const { codebookSize, grid, size, tokens: [data] } = JSON.parse(text);
    const [rows, columns] = imageGrid(grid, "show the tokens");
    const { tokens } = fromPacked(toPacked({ grid, codebookSize, tokens: data }), { grid, codebookSize });
    if (String(tokens) !== String(data)) throw new Error(`expected ${rows}×${columns} tokens`);
    return { grid: [rows, columns], codebookSize, tokens, ...size && { size } };
  } catch (cause) {
    const expected = "expected a JSON file of tokens, as this page and voken encode --json write it";
    throw new Error(`Cannot read the tokens: ${expected}`, { cause });
  }
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
