import type { CommandWords, Fitting } from "./words.ts";

/** The completion of `voken` for bash, also 3.2. Values of options stand after them, not after `=`. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, options, operands }) => {
    const values = options.flatMap(({ flags, value }) =>
      value ? [`      ${flags.join("|")}) ${assignments(value)} ;;`] : []
    );
    const flags = options.flatMap(({ flags }) => flags);
    return `  ${name})
    case $previous in
${values.join("\n")}
      *)
        if [[ $current == -* ]]; then words=${quoted(flags)}
        else ${assignments(operands)}
        fi ;;
    esac ;;`;
  });
  return `# Completion of voken for bash. To load it, put this line into ~/.bashrc:
#   source <(voken completion bash)
_voken() {
  local IFS=$'\\n' words= files= current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  if ((COMP_CWORD == 1)); then
    words=${quoted(commands.map(({ name }) => name))}
  else
    case \${COMP_WORDS[1]} in
${cases.join("\n").replace(/^/gm, "  ")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files ]]; then
    COMPREPLY+=($(compgen -f -- "$current"))
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _voken voken
`;
}

function assignments({ words, files }: Fitting): string {
  return [`words=${quoted(words)}`, ...files ? ["files=yes"] : []].join(" ");
}

/** Words as one string, with a line for each. */
function quoted(words: readonly string[]): string {
  return words.length > 0 ? `$'${words.join("\\n")}'` : "";
}
