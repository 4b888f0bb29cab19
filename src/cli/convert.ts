import { Command, Option } from "commander";
import { type WeightFormat, weightFormatNames } from "../backend/backend.ts";
import { convertCheckpoint, type ConvertOptions } from "../models/convert.ts";
import { convertTransformer } from "../models/convert_transformer.ts";
import { configFile } from "../models/config_json.ts";
import { formatConfig } from "../models/infer_config.ts";
import { megabytes } from "../graph/print.ts";
import { transformerFile, weightsFile } from "../models/model_files.ts";
import { isGenerative } from "../models/open_generative.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { modelHelp, type WeightOptions, withJson, withWeights } from "./options.ts";
import { checkOutputs, type OutputOptions, withForce } from "./outputs.ts";
import { positiveInteger } from "./parse.ts";
import { joined } from "./paths.ts";
import { progress } from "./progress.ts";

interface Options extends OutputOptions, WeightOptions {
  output: string;
  dtype: ConvertOptions["dtype"];
  weights: WeightFormat;
  heads?: number;
  grid?: number;
  inflate?: true;
  json?: true;
}

/** `voken convert`: converts a training checkpoint to a model folder for inference. */
export function convertCommand(io: Io): Command {
  const command = new Command("convert")
    .summary("convert a checkpoint to a model folder for inference")
    .description(
      "convert a checkpoint to a model folder for inference: config.json, model.safetensors, and " +
        "transformer.safetensors if the checkpoint contains a transformer",
    )
    .argument("<checkpoint>", modelHelp)
    .requiredOption("-o, --output <folder>", "folder of the model")
    .addOption(
      new Option("--dtype <type>", "type of the tokenizer's weights").choices(["f32", "f16", "q8"])
        .default("f32"),
    )
    .addOption(
      new Option("--weights <format>", "format of the transformer's weights").choices(weightFormatNames)
        .default("q8"),
    )
    .option("--heads <n>", "attention heads (default: as in the checkpoint, or width / 64)", positiveInteger)
    .option("--grid <n>", "tokens along a side (default: as in the checkpoint, or 16)", positiveInteger)
    .option("--inflate", "make a video tokenizer of an image tokenizer, for a training to start from");
  withExamples(command, [
    "voken convert AR_256_B.ckpt -o models/AR_256_B",
    "voken convert emoji-64 -o emoji-64-f32 --dtype f32 --weights f32",
    "voken convert emoji-64 -o video-64 --inflate",
  ]);
  return withJson(withWeights(withForce(command)))
    .action(
      async (
        checkpoint: string,
        { output: folder, force, dtype, raw, prefix, json, weights, heads, grid, inflate }: Options,
      ) => {
        const names = [configFile, weightsFile, transformerFile];
        await checkOutputs(names.map((name) => joined(folder, name)), { force }, io);
        using bar = progress("Converting", io);
        const { signal } = io, { onLoad: onProgress } = bar;
        const conversion = await convertCheckpoint(checkpoint, folder, {
          dtype,
          raw,
          prefix,
          inflate,
          signal,
          onProgress,
        });
        // The tokens of films are others than those that a transformer learned.
        const transformer = !inflate && await isGenerative(checkpoint, { signal, onProgress })
          ? await convertTransformer(checkpoint, folder, { weights, prefix, heads, grid, signal, onProgress })
          : undefined;
        const { config, kind, tensors, bytes } = conversion;
        if (json) {
          io.out(JSON.stringify({ folder, dtype, kind, tensors, bytes, config, transformer }, null, 2));
        } else {
          const kindName = kind === "ema" ? "averaged (EMA)" : "raw";
          io.out(
            `${folder}: ${formatConfig(config)}; ${tensors} ${kindName} weights in ${dtype}, ${
              megabytes(bytes)
            }`,
          );
          if (!transformer) return;
          const { dim, layers, factorizedLayers } = transformer.config;
          io.out(
            `${folder}: transformer of dim ${dim}, ${layers} + ${factorizedLayers} blocks, in ${transformer.weights}, ${
              megabytes(transformer.bytes)
            }`,
          );
        }
      },
    );
}
