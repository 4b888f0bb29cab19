import { Command, CommanderError } from "commander";
import { ArgumentError, VokenError } from "../tensor/errors.ts";
import { CommandIo } from "./command_io.ts";
import { completionCommand } from "./completion/completion.ts";
import { convertCommand } from "./convert.ts";
import { convertLpipsCommand } from "./convert_lpips.ts";
import { decodeCommand } from "./decode.ts";
import { doctorCommand } from "./doctor.ts";
import { encodeCommand } from "./encode.ts";
import { evaluateCommand } from "./evaluate.ts";
import { explainCommand } from "./explain.ts";
import { exportCommand } from "./export.ts";
import { generateCommand } from "./generate.ts";
import { helpStyle, withExamples } from "./help.ts";
import { inspectCommand } from "./inspect.ts";
import type { Io } from "./io.ts";
import { reasonOf } from "../io/reason.ts";
import { modelsCommand } from "./models.ts";
import { pullCommand } from "./pull.ts";
import { reconstructCommand } from "./reconstruct.ts";
import { serveCommand } from "./serve.ts";
import { tokenizeCommand } from "./tokenize.ts";
import { trainCommand } from "./train.ts";
import { version } from "../version.ts";

const commands = [
  reconstructCommand,
  encodeCommand,
  decodeCommand,
  generateCommand,
  convertCommand,
  convertLpipsCommand,
  exportCommand,
  inspectCommand,
  explainCommand,
  pullCommand,
  modelsCommand,
  tokenizeCommand,
  trainCommand,
  evaluateCommand,
  serveCommand,
  doctorCommand,
  completionCommand,
];

/** Exit codes. */
const exit = { success: 0, failure: 1, usage: 2, stopped: 130 };

/** Runs `voken` with arguments. Returns the exit code: 0 on success, 1 on failure, 2 for wrong usage, 130 after Ctrl-C. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    await vokenCommand(io).parseAsync(args, { from: "user" });
    return exit.success;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.success : exit.usage;
    if (io.signal.aborted) {
      io.note("voken: stopped");
      return exit.stopped;
    }
    io.note(args.includes("--verbose") ? trace(error) : `voken: ${oneLine(error)}`);
    return error instanceof ArgumentError ? exit.usage : exit.failure;
  }
}

/** The command `voken` with all its commands, and what they have in common. */
export function vokenCommand(io: Io): Command {
  const shown = new CommandIo(io);
  const voken = new Command("voken")
    .description("Encode, decode and generate images with Open-MAGVIT2")
    .version(version)
    .hook("preAction", (_, command) => shown.configure(command.opts()));
  withExamples(voken, [
    "voken reconstruct photo.png",
    "voken encode - -o - < photo.png | voken decode - -o - > decoded.png",
    "voken generate --class Flags -n 4 -o flags",
  ]);
  for (const make of commands) voken.addCommand(make(shown));
  for (const command of [voken, ...voken.commands]) {
    command
      .exitOverride()
      .configureHelp(helpStyle)
      .configureOutput({
        writeOut: (text) => io.out(text.trimEnd()),
        writeErr: (text) => io.note(text.trimEnd()),
        outputError: (text, write) => write(text.replace(/^error:/, "voken:")),
      })
      .showHelpAfterError(
        `(${command === voken ? "voken" : `voken ${command.name()}`} --help shows the usage)`,
      );
    if (command === voken) continue;
    command
      .option("-q, --quiet", "print no messages and no progress, only results and errors")
      .option("--verbose", "print the stack traces of errors");
  }
  return voken;
}

function oneLine(error: unknown): string {
  if (error instanceof VokenError) return error.message.replace(/\s*\n\s*/g, " ");
  if (error instanceof Error && error.name === "NotCapable") return `Cannot go on: got ${reasonOf(error)}`;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${message.replace(/\s*\n\s*/g, " ")} (this is a bug in voken; --verbose prints its stack trace)`;
}

function trace(error: unknown): string {
  const lines = [];
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    lines.push(cause instanceof Error ? cause.stack ?? String(cause) : String(cause));
  }
  return `voken: ${lines.join("\ncaused by ")}`;
}
