import type { CommandWords, Fitting } from "./words.ts";

/** The completion of `voken` for fish. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, description, options, operands }) => [
    `complete -c voken -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map(({ flags, description, value }) =>
      [
        within(name),
        ...flags.map((flag) => flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`),
        ...value ? [value.files ? "-r" : "-x", ...fitting(value)] : [],
        `-d ${quoted(description)}`,
      ].join(" ")
    ),
    ...operands.files || operands.words.length > 0 ? [[within(name), ...fitting(operands)].join(" ")] : [],
  ]);
  return `# Completion of voken for fish. To load it, put this line into ~/.config/fish/config.fish:
#   voken completion fish | source
complete -c voken -f
${lines.join("\n")}
`;
}

function within(command: string): string {
  return `complete -c voken -n '__fish_seen_subcommand_from ${command}'`;
}

function fitting({ words, files }: Fitting): string[] {
  return [...words.length > 0 ? [`-a ${quoted(words.join(" "))}`] : [], ...files ? ["-F"] : []];
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
