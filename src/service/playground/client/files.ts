import { readTokens } from "../../../tokenizer/read_tokens.ts";
import { tokensToJson } from "../../../tokenizer/token_file.ts";
import { imageGrid } from "../../../tokenizer/grid.ts";
import type { PageTokens, Pixels } from "./engine.ts";
import { encodePng } from "./pixels.ts";

/** Has the browser save an image. */
export async function savePng(pixels: Pixels, name: string): Promise<void> {
  save(await encodePng(pixels), `${name}.png`);
}

/** Has the browser save tokens, as the file that `voken encode --json` writes and `voken decode` reads. */
export function saveTokens({ tokens, ...rest }: PageTokens, name: string): void {
  const json = tokensToJson([{ ...rest, data: Uint32Array.from(tokens) }]);
  save(new Blob([json], { type: "application/json" }), `${name}.json`);
}

/** The tokens of the first image in a file of any kind that the library reads. */
export async function openTokens(file: Blob): Promise<PageTokens> {
  const [first] = await readTokens(file);
  if (!first) throw new Error("Cannot read the tokens: the file holds none");
  const { grid, codebookSize, size, data } = first;
  const tokens = { grid: imageGrid(grid, "show the tokens"), codebookSize, tokens: [...data] };
  return size ? { ...tokens, size } : tokens;
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
