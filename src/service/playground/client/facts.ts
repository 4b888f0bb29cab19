import { tokenBits } from "../../../tokenizer/codebook.ts";
import type { PageTokens, Pixels } from "./engine.ts";
import { element } from "./page.ts";
import { psnrOf } from "./pixels.ts";

/** Shows sizes and quality of a reconstruction. `edited` is the number of edited tokens. */
export function showFacts(
  { grid, codebookSize, tokens }: PageTokens,
  { original, reconstruction, edited }: { original: Pixels; reconstruction: Pixels; edited: number },
): void {
  const bits = tokenBits(codebookSize), pixels = original.width * original.height;
  const decibel = psnrOf(original, reconstruction);
  const facts: [string, string][] = [
    ["Image", `${original.width}×${original.height}`],
    ["Tokens", `${grid[0]}×${grid[1]} of ${bits} bits`],
    ["Size", `${Math.ceil(tokens.length * bits / 8)} bytes`],
    ["Bits per pixel", (tokens.length * bits / pixels).toFixed(3)],
    ["PSNR", Number.isFinite(decibel) ? `${decibel.toFixed(2)} dB` : "lossless"],
    ["Edited", `${edited}`],
  ];
  element("facts").replaceChildren(...facts.map(([name, value]) => {
    const group = document.createElement("div"), term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    group.append(term, detail);
    return group;
  }));
}
