import { Command } from "commander";
import { convertLpips } from "../models/lpips_weights.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { checkOutputs, type OutputOptions, withForce } from "./outputs.ts";

/** `voken convert-lpips`: combines torchvision's and LPIPS's weights in one file. */
export function convertLpipsCommand(io: Io): Command {
  const command = new Command("convert-lpips")
    .summary("combine the weights of a perceptual loss in one file")
    .description(
      "combine the weights of VGG16 and LPIPS in one file, for training with a perceptual loss",
    )
    .argument(
      "<files...>",
      "torchvision's vgg16-397923af.pth and LPIPS's vgg.pth in any order, or a training checkpoint that carries them",
    )
    .requiredOption("-o, --output <file.safetensors>", "file of the weights");
  withExamples(command, ["voken convert-lpips vgg16-397923af.pth vgg.pth -o lpips.safetensors"]);
  return withForce(command)
    .action(async (files: string[], options: OutputOptions & { output: string }) => {
      const { output } = options;
      await checkOutputs([output], options, io);
      const { tensors } = await convertLpips(files, output, { signal: io.signal });
      io.out(`${output}: ${tensors} weights of LPIPS`);
    });
}
