import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { shippedModel } from "../support/models.ts";
import { request, sampleImage, type Task } from "./smoke/checks.ts";

/** What the library gives in this process, for the checks to compare with. */
export async function expected(): Promise<Task["expected"]> {
  await using tokenizer = await Tokenizer.load(shippedModel, { backend: "wasm" });
  await using generator = await Generator.load(shippedModel, { backend: "wasm" });
  const [generated] = await generator.generate(request), tokens = await tokenizer.encode(sampleImage());
  return { tokens: [...tokens.data], generated: [...generated!.tokens.data] };
}
