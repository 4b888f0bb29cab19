import { Command } from "commander";
import { openSource } from "../io/open_source.ts";
import { readTokens } from "../tokenizer/token_file.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel } from "./options.ts";
import { checkWritable, imagePaths, stemOf, writeImage } from "./outputs.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions {
  output: string;
  json?: true;
}

/** `voken decode`: decodes a file of tokens to images. */
export function decodeCommand(io: Io): Command {
  const command = new Command("decode")
    .description("decode a file of tokens to images")
    .argument("<tokens>", "a file that encode wrote, .npz or JSON")
    .option("-o, --output <path>", "a folder, or a .png, .jpg or .webp file for one image", "out");
  return withJson(withModel(command))
    .action(async (input: string, options: Options) => {
      await using source = await openSource(input);
      const tokens = readTokens(await source.read(0, source.size), { file: input });
      const stem = stemOf(input), digits = `${tokens.length - 1}`.length;
      const names = tokens.map((_, i) =>
        tokens.length === 1 ? stem : `${stem}-${`${i}`.padStart(digits, "0")}`
      );
      const outputs = await imagePaths(options.output, { names, inputs: [input] });
      for (const output of outputs.slice(0, 1)) await checkWritable(output);

      await using tokenizer = await loadTokenizer(options, io);
      using bar = progress("Decoding", io);
      const done: { output: string; width: number; height: number }[] = [];
      for (const [i, one] of tokens.entries()) {
        const image = await tokenizer.decode(one, io);
        await writeImage(outputs[i]!, image);
        done.push({ output: outputs[i]!, width: image.width, height: image.height });
        bar.update(done.length, tokens.length);
      }
      if (options.json) io.out(JSON.stringify(done, null, 2));
      else for (const { output, width, height } of done) io.out(`${width}×${height}  ${output}`);
    });
}
