import { Command } from "commander";
import { ArgumentError } from "../tensor/errors.ts";
import { tokensToJson, tokensToNpz } from "../tokenizer/token_file.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import { count } from "./count.ts";
import { describeTokens } from "./describe_tokens.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel, withSize } from "./options.ts";
import { checkWritable, writeFile } from "./outputs.ts";
import { batchesOf, checkInputs, type InputImage } from "./images.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions {
  output?: string;
  size?: number;
  json?: true;
}

/** `voken encode`: encodes images to a file of tokens. */
export function encodeCommand(io: Io): Command {
  const command = new Command("encode")
    .description("encode images of one size to tokens")
    .argument("<images...>", "PNG, JPEG or WebP files")
    .option("-o, --output <file.npz>", "file of the tokens: uint32 `tokens` [n,h,w], `codebookSize`");
  return withJson(withSize(withModel(command)))
    .action(async (inputs: string[], options: Options) => {
      const { output, json } = options;
      if (!output && !json) {
        throw new ArgumentError("Cannot encode", { expected: "-o tokens.npz or --json", got: "neither" });
      }
      await checkInputs(inputs);
      if (output) await checkWritable(output);
      const all = await encode(inputs, options, io);
      if (output) await writeFile(output, tokensToNpz(all));
      if (json) io.out(tokensToJson(all));
      else {
        const distinct = new Set(all.flatMap(({ data }) => [...data])).size;
        io.out(
          `${count(all.length, "image")}: ${describeTokens(all[0]!)}, ${distinct} distinct, in ${output}`,
        );
      }
    });
}

async function encode(inputs: readonly string[], options: Options, io: Io): Promise<Tokens[]> {
  await using tokenizer = await loadTokenizer(options, io);
  using bar = progress("Encoding", io);
  const all: Tokens[] = [];
  let first: InputImage | undefined;
  for await (const batch of batchesOf(inputs, { size: options.size, signal: io.signal })) {
    first ??= batch[0]!;
    checkSameSize(first, batch[0]!);
    bar.update(all.length, inputs.length);
    all.push(...await tokenizer.encode(batch.map(({ image }) => image), io));
    bar.update(all.length, inputs.length);
  }
  return all;
}

function checkSameSize(first: InputImage, other: InputImage): void {
  const size = ({ image: { width, height } }: InputImage) => `${width}×${height}`;
  if (size(first) === size(other)) return;
  throw new ArgumentError(`Cannot encode ${other.path} into the same file as ${first.path}`, {
    expected: size(first),
    got: size(other),
    hint: "use --size to bring all images to one size, or encode them one by one",
  });
}
