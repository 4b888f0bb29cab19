/** The part of the library that the page uses. It is loaded only to run a model in the browser. */
export { Tokenizer } from "../../../tokenizer/tokenizer.ts";
export { Generator } from "../../../transformer/generator.ts";
