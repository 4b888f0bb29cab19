import { Command, Option } from "commander";
import { megabytes } from "../graph/print.ts";
import { defaultModel } from "../models/find.ts";
import {
  type GenerativeFiles,
  hasTransformer,
  openGenerative,
  transformerOf,
} from "../models/open_generative.ts";
import { tokenizerWeights } from "../models/tokenizer_weights.ts";
import type { OnnxModel, ValueInfo } from "../onnx/model.ts";
import { writeOnnx } from "../onnx/write.ts";
import { decoderOnnx, encoderOnnx } from "../tokenizer/onnx.ts";
import { stepOnnx, teacherForcedOnnx } from "../transformer/onnx.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { modelHelp, type WeightOptions, withJson, withWeights } from "./options.ts";
import { checkOutputs, makeFolder, type OutputOptions, withForce } from "./outputs.ts";
import { positiveInteger } from "./parse.ts";
import { progress } from "./progress.ts";
import { joined } from "./paths.ts";

interface Options extends OutputOptions, WeightOptions {
  model: string;
  output: string;
  dtype: "f32" | "f16";
  batch: number;
  json?: true;
}

/** `voken export`: writes a model in a format of other runtimes. */
export function exportCommand(io: Io): Command {
  const command = new Command("export")
    .summary("write a model for other runtimes, as ONNX")
    .description(
      "write a model for other runtimes: encoder.onnx, decoder.onnx, and transformer.onnx and step.onnx if the " +
        "model contains a transformer",
    )
    .option("-m, --model <model>", modelHelp, defaultModel)
    .addOption(new Option("--format <name>", "format of the files").choices(["onnx"]).default("onnx"))
    .addOption(
      new Option("--dtype <type>", "type of weights and activations").choices(["f32", "f16"]).default("f32"),
    )
    .option(
      "--batch <n>",
      "images of a run of the transformer; the tokenizer takes any number",
      positiveInteger,
      1,
    )
    .option("-o, --output <folder>", "the folder to write to", "out/onnx");
  withExamples(command, [
    "voken export -o out/onnx",
    "voken export -m emoji-64 --dtype f16 --batch 4 -o out/onnx16",
  ]);
  return withJson(withWeights(withForce(command)))
    .action(async ({ model, output, force, dtype, batch: n, raw, prefix, json }: Options) => {
      const fileOf = (name: string) => joined(output, `${name}.onnx`);
      await checkOutputs(["encoder", "decoder", "transformer", "step"].map(fileOf), { force }, io);
      await using files = await openModel(model, io);
      const tokenizer = tokenizerWeights(files.tokenizer, { raw, prefix });
      const exports: Record<string, OnnxModel> = {
        encoder: encoderOnnx(tokenizer, { dtype }),
        decoder: decoderOnnx(tokenizer, { dtype }),
      };
      if (hasTransformer(files)) {
        const transformer = transformerOf(files, { prefix });
        exports.transformer = teacherForcedOnnx(transformer, { dtype, n });
        exports.step = stepOnnx(transformer, { dtype, n });
      }
      await makeFolder(output);
      const written = [];
      for (const [name, model] of Object.entries(exports)) {
        const paths = await writeOnnx(fileOf(name), model, { signal: io.signal });
        const { inputs, outputs, weightBytes } = model;
        written.push({ files: paths, inputs, outputs, weightBytes });
        if (!json) {
          io.out(`${paths.join(", ")}  ${megabytes(weightBytes)}  ${named(inputs)} → ${named(outputs)}`);
        }
      }
      if (json) io.out(JSON.stringify(written, null, 2));
    });
}

async function openModel(model: string, io: Io): Promise<GenerativeFiles> {
  using bar = progress("Fetching", io);
  return await openGenerative(model, { signal: io.signal, onProgress: bar.onLoad });
}

/** Inputs or outputs as text. Caches are counted only. */
function named(values: readonly ValueInfo[]): string {
  const caches = values.filter(({ name }) => /\.cache(\.next)?$/.test(name));
  const others = values.filter((value) => !caches.includes(value));
  return [
    ...others.map(({ name, shape }) => `${name} [${shape.join(",")}]`),
    ...caches.length > 0 ? [`${caches.length} caches [${caches[0]!.shape.join(",")}]`] : [],
  ].join(", ");
}
