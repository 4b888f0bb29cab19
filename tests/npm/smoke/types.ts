/** Names what the package exports, for compilers to check its declarations. */
import { Generator, type Image, readImage, Tokenizer, type Tokens } from "@voken/magvit2";
import { createBackend, WebGpuBackend } from "@voken/magvit2/advanced";
import { createEdgeService } from "@voken/magvit2/edge";
import { createService } from "@voken/magvit2/service";
import { train } from "@voken/magvit2/train";
import * as steps from "@voken/magvit2/train/steps";

export const tokenizer: Tokenizer = await Tokenizer.load("emoji-64");
export const tokens: Tokens = await tokenizer.encode(await readImage("image.png"));
export const image: Image = await tokenizer.decode(tokens);
await tokenizer[Symbol.asyncDispose]();
export { createBackend, createEdgeService, createService, Generator, steps, train, WebGpuBackend };
// @ts-expect-error: what is wrong is refused.
export const wrong: number = await tokenizer.encode(image);
