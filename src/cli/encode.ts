import { Command } from "commander";
import { ArgumentError } from "../tensor/errors.ts";
import { tokensToJson, tokensToNpz } from "../tokenizer/token_file.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import { count } from "./count.ts";
import { describeTokens } from "./describe_tokens.ts";
import type { Io } from "./io.ts";
import { withExamples } from "./help.ts";
import { batchesOf, checkInputs, type ImageOptions, type InputImage, withImages } from "./images.ts";
import { type Input, inputImages } from "./inputs.ts";
import { loadTokenizer, type ModelOptions, withJson, withModel } from "./options.ts";
import { checkOutputs, type OutputOptions, withForce, writeFile } from "./outputs.ts";
import { outputName } from "./paths.ts";
import { progress } from "./progress.ts";

interface Options extends ModelOptions, ImageOptions, OutputOptions {
  output?: string;
  json?: true;
}

/** `voken encode`: encodes images to a file of tokens. */
export function encodeCommand(io: Io): Command {
  const command = withImages(new Command("encode").description("encode images of one size to tokens"))
    .option(
      "-o, --output <file.npz>",
      "file of the tokens, uint32 `tokens` [n,h,w] and `codebookSize`; - for standard output",
    );
  withExamples(command, [
    "voken encode photo.png -o photo.npz",
    "voken encode photos 'more/**/*.jpg' --size 64 --skip-damaged -o tokens.npz",
    "voken encode - --json < photo.png",
  ]);
  return withJson(withModel(withForce(command)))
    .action(async (images: string[], options: Options) => {
      const { output, json } = options;
      if (!output && !json) {
        throw new ArgumentError("Cannot encode", { expected: "-o tokens.npz or --json", got: "neither" });
      }
      const inputs = await inputImages(images);
      await checkInputs(inputs, options);
      if (output) await checkOutputs([output], options, io);
      const all = await encode(inputs, options, io);
      if (output) await writeFile(output, tokensToNpz(all), io);
      if (json) io.out(tokensToJson(all));
      else {
        const distinct = new Set(all.flatMap(({ data }) => [...data])).size;
        io.out(
          `${count(all.length, "image")}: ${describeTokens(all[0]!)}, ${distinct} distinct, in ${
            outputName(output!)
          }`,
        );
      }
    });
}

async function encode(inputs: readonly Input[], options: Options, io: Io): Promise<Tokens[]> {
  await using tokenizer = await loadTokenizer(options, io);
  using bar = progress("Encoding", io);
  const all: Tokens[] = [];
  let first: InputImage | undefined;
  for await (
    const batch of batchesOf(inputs, {
      ...options,
      check: (size) => tokenizer.checkSize(size),
    }, io)
  ) {
    first ??= batch[0]!;
    checkSameSize(first, batch[0]!);
    bar.update(all.length, inputs.length);
    all.push(...await tokenizer.encode(batch.map(({ image }) => image), { signal: io.signal }));
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
