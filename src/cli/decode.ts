import { Command } from "commander";
import { readTokens } from "../tokenizer/read_tokens.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import { withExamples } from "./help.ts";
import { imagePaths, withImageOutput, writeImage } from "./image_outputs.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel } from "./options.ts";
import { checkOutputs, type OutputOptions } from "./outputs.ts";
import { outputName, standardStream, stemOf } from "./paths.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions, OutputOptions {
  output: string;
  json?: true;
}

/** `voken decode`: decodes a file of tokens to images. */
export function decodeCommand(io: Io): Command {
  const command = new Command("decode")
    .description("decode a file of tokens to images")
    .argument("<tokens>", "a file that encode or tokenize wrote; - for standard input");
  withExamples(command, [
    "voken decode tokens.npz -o decoded",
    "voken decode photo.npz -o photo.webp",
    "voken encode - -o - < photo.png | voken decode - -o - > decoded.png",
  ]);
  return withJson(withModel(withImageOutput(command)))
    .action(async (input: string, options: Options) => {
      const tokens = await tokensOf(input, io);
      const stem = input === standardStream ? "stdin" : stemOf(input), digits = `${tokens.length - 1}`.length;
      const names = tokens.map((_, i) =>
        tokens.length === 1 ? stem : `${stem}-${`${i}`.padStart(digits, "0")}`
      );
      const outputs = await imagePaths(options.output, { names, inputs: [input] });
      await checkOutputs(outputs, options, io);

      await using tokenizer = await loadTokenizer(options, io);
      using bar = progress("Decoding", io);
      const done: { output: string; width: number; height: number }[] = [];
      for (const [i, one] of tokens.entries()) {
        const image = await tokenizer.decode(one, { signal: io.signal });
        await writeImage(outputs[i]!, image, io);
        done.push({ output: outputs[i]!, width: image.width, height: image.height });
        bar.update(done.length, tokens.length);
      }
      if (options.json) io.out(JSON.stringify(done, null, 2));
      else for (const { output, width, height } of done) io.out(`${width}×${height}  ${outputName(output)}`);
    });
}

async function tokensOf(input: string, io: Io): Promise<Tokens[]> {
  return await readTokens(input === standardStream ? new File([await io.input()], "standard input") : input);
}
