import { Argument, Command } from "commander";
import { withExamples } from "../help.ts";
import type { Io } from "../io.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { commandWords } from "./words.ts";
import { zshCompletion } from "./zsh.ts";

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `voken completion`: prints a script with which a shell completes commands, options and their values. */
export function completionCommand(io: Io): Command {
  const command = new Command("completion")
    .summary("print a completion script for a shell")
    .description("print a script with which a shell completes the commands and options of voken")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(shells)));
  return withExamples(command, [
    "source <(voken completion bash)",
    "voken completion fish > ~/.config/fish/completions/voken.fish",
  ]).action((shell: keyof typeof shells) => io.out(shells[shell](commandWords(command.parent!)).trimEnd()));
}
