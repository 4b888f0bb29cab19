import { Command, Option } from "commander";
import { type WeightFormat, weightFormatNames } from "../backend/backend.ts";
import { convertCheckpoint } from "../models/convert.ts";
import { convertTransformer } from "../models/convert_transformer.ts";
import { formatConfig } from "../models/infer_config.ts";
import { megabytes } from "../graph/print.ts";
import { isGenerative } from "../models/open_generative.ts";
import { resolveModel } from "../models/find.ts";
import type { Io } from "./io.ts";
import { wholeNumber } from "./options.ts";
import { progress } from "./progress.ts";

interface Options {
  dtype: "f32" | "f16";
  weights: WeightFormat;
  heads?: number;
  grid?: number;
  raw?: true;
  json?: true;
}

/** `voken convert`: a training checkpoint to a small model folder. */
export function convertCommand(io: Io): Command {
  return new Command("convert")
    .description(
      "write what inference needs of a checkpoint into a folder: config.json, model.safetensors, and " +
        "transformer.safetensors where the checkpoint holds one",
    )
    .argument("<checkpoint>", "a .ckpt, .pth or .safetensors file, or a folder made by convert")
    .argument("<folder>", "where the model goes")
    .addOption(new Option("--dtype <type>", "type of the weights").choices(["f32", "f16"]).default("f32"))
    .addOption(
      new Option("--weights <format>", "type of a transformer's weights").choices(weightFormatNames)
        .default("q8"),
    )
    .option("--heads <n>", "heads (default: what the model says, or its width over 64)", wholeNumber)
    .option("--grid <n>", "tokens along a side (default: what the model says, or 16)", wholeNumber)
    .option("--raw", "take the raw weights, not their moving average")
    .option("--json", "say it in JSON")
    .action(async (checkpoint: string, folder: string, { dtype, raw, json, ...options }: Options) => {
      using bar = progress("Converting", io);
      const onProgress = ({ loaded, total }: { loaded: number; total: number }) => bar.update(loaded, total);
      const { signal } = io;
      const source = await resolveModel(checkpoint);
      const conversion = await convertCheckpoint(source, folder, {
        dtype,
        raw,
        signal,
        onProgress,
      });
      const transformer = await isGenerative(source)
        ? await convertTransformer(source, folder, { ...options, signal, onProgress })
        : undefined;
      const { config, kind, tensors, bytes } = conversion;
      if (json) io.out(JSON.stringify({ folder, dtype, kind, tensors, bytes, config, transformer }, null, 2));
      else {
        const weights = kind === "ema" ? "averaged (EMA)" : "raw";
        io.out(
          `${folder}: ${formatConfig(config)}; ${tensors} ${weights} weights in ${dtype}, ${
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
    });
}
