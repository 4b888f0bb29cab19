import type { CommandWords, Fitting, OptionWords } from "./words.ts";

/** The completion of `voken` for zsh: a file `_voken` in `$fpath`, or a script to source. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const list = commands.map(({ name, description }) => `    ${quoted(`${name}:${escaped(description)}`)}`);
  const cases = commands.map(({ name, options, operands }) => {
    const specs = [...options.map(optionSpec), quoted(`*:argument:${action(operands)}`)];
    return `    ${name})
      _arguments -S \\
${specs.map((spec) => `        ${spec}`).join(" \\\n")} ;;`;
  });
  return `#compdef voken
# Completion of voken for zsh. To load it, put this line into ~/.zshrc, below compinit:
#   source <(voken completion zsh)
_voken() {
  local -a commands=(
${list.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _voken ]]; then _voken "$@"; else compdef _voken voken; fi
`;
}

/** An argument of `_arguments`: `'(-o --output)'{-o,--output}'[description]:name:action'`. */
function optionSpec({ flags, description, value }: OptionWords): string {
  const text = `[${escaped(description)}]${value ? `:${escaped(value.name)}:${action(value)}` : ""}`;
  return flags.length === 1
    ? quoted(`*${flags[0]}${text}`)
    : `${quoted(`(${flags.join(" ")})`)}{${flags.join(",")}}${quoted(text)}`;
}

/** What completes a value. The space before `_alternative` keeps `_arguments` from adding options of its own. */
function action({ words, files }: Fitting): string {
  const list = `(${words.join(" ")})`;
  if (!files) return words.length > 0 ? list : " ";
  return words.length > 0 ? ` _alternative "names\\:name\\:${list}" "files\\:file\\:_files"` : "_files";
}

/** Text of a description, in which brackets and colons have a meaning. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
