/** The library, as far as the page uses it: loaded only when somebody wants to run a model in the browser. */
export { Tokenizer } from "../../../tokenizer/tokenizer.ts";
export { Generator } from "../../../transformer/generator.ts";
