import { Argument, Command } from "commander";
import { count } from "./count.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { stemOf } from "./paths.ts";
import { positiveInteger, renamed } from "./parse.ts";
import { stopSignal } from "./stop_signal.ts";
import { trainingProgress } from "./train_progress.ts";

interface Options {
  config: string;
  data?: string;
  output?: string;
  resume?: true;
  overfit?: number;
  autoLr?: true;
}

/** `voken train`: trains a model in a folder for the run. */
export function trainCommand(io: Io): Command {
  const command = new Command("train")
    .description("train a tokenizer, or a transformer on a tokenizer's tokens")
    .addArgument(new Argument("<stage>", "what to train").choices(["tokenizer", "transformer"]))
    .requiredOption("--config <run.json>", "the configuration, see docs/training.md, or the name of a preset")
    .option("--data <path>", "the images or tokens, instead of those in the configuration")
    .option("-o, --output <folder>", "folder of the run (default: runs/ and the name of the configuration)")
    .option("--resume", "resume from the newest checkpoint in the folder")
    .option(
      "--overfit <n>",
      "as a test, train on the first n images until they are memorized, or fail",
      positiveInteger,
    )
    .option(
      "--auto-lr",
      "scale the learning rate with the batch size, relative to optimizer.learningRateBatch",
    );
  command.addOption(renamed("--out <folder>", "-o"));
  withExamples(command, [
    "voken train tokenizer --config run.json --data photos -o runs/tokenizer",
    "voken train tokenizer --config run.json --data photos -o runs/tokenizer --resume",
  ]);
  return command
    .action(async (stage: "tokenizer" | "transformer", options: Options) => {
      // Loaded on demand: no other command needs it.
      const { overfitting, readRun, train, withScaledLearningRate } = await import("../train/mod.ts");
      const name = stemOf(options.config) + (options.overfit ? "-overfit" : "");
      const folder = options.output ?? `runs/${name}`;
      const read = await readRun(options.config, stage, { data: options.data });
      const scaled = options.autoLr ? withScaledLearningRate(read) : read;
      const run = options.overfit ? overfitting(scaled, options.overfit) : scaled;
      if (run.stage === "tokenizer" && !run.loss.perceptual) {
        io.note("training without a perceptual loss: set loss.perceptual to the weights of LPIPS to use one");
      }
      using bar = trainingProgress(io, run.steps);
      using stop = stopSignal(io);
      const trained = await train(run, {
        folder,
        resume: options.resume,
        signal: stop.signal,
        onEncoded: bar.onEncoded,
        onStep: bar.onStep,
        onRecord: bar.onRecord,
        onDamaged: ({ name, reason }) => io.note(`voken: skipped ${name}: ${reason}`),
      }).catch((error) => {
        if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
      });
      bar[Symbol.dispose]();
      if (!trained) return io.out(`stopped before the first step: ${folder}`);
      const { finished, step, skipped, best, checkpoint, models } = trained;
      if (skipped > 0) io.note(`${count(skipped, "step")} skipped because of values that were not finite`);
      if (best) io.note(`best at step ${best.step}: ${best.value}`);
      io.out(
        finished
          ? `${count(step, "step")}: ${models.join(", ")}`
          : `stopped after step ${step}: ${checkpoint}`,
      );
    });
}
