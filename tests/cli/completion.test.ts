import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandWords } from "../../src/cli/completion/words.ts";
import { vokenCommand } from "../../src/cli/main.ts";
import { skipIf } from "../support/skip.ts";
import { memoryIo, scratch, voken } from "./support.ts";

const test = suite("voken completion");
const commands = commandWords(vokenCommand(memoryIo()));

/** Why a shell cannot be asked, if so. */
function missing(shell: string): string | undefined {
  try {
    return new Deno.Command(shell, { args: ["--version"] }).outputSync().success
      ? undefined
      : `needs ${shell}`;
  } catch {
    return `needs ${shell}`;
  }
}

/** What a shell says to a script, after the completion script was loaded from `$1`; `cwd` is its folder. */
async function ask(shell: string, script: string, { cwd, args = [] }: { cwd: string; args?: string[] }) {
  const { out } = await voken(["completion", shell]);
  Deno.writeTextFileSync(`${cwd}/completion`, out + "\n");
  const flags = shell === "fish" ? ["--no-config"] : shell === "zsh" ? ["-f"] : ["--norc"];
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: [...flags, "-c", script, ...shell === "fish" ? [] : [shell], ...args],
    cwd,
    signal: AbortSignal.timeout(30_000),
  }).output();
  assert.is(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** Lines of which the last word is completed, with what fits; `emoji-64` stands for all shipped models. */
const lines: [string, string[]][] = [
  ["voken enc", ["encode"]],
  ["voken encode --qu", ["--quiet"]],
  ["voken encode --backend w", ["webgpu", "wasm"]],
  ["voken encode my", ["my picture.png"]],
  ["voken encode -o my", ["my picture.png"]],
  ["voken encode -m emo", ["emoji-64"]],
  ["voken explain --batch m", []],
  ["voken train t", ["tokenizer", "transformer"]],
  ["voken completion z", ["zsh"]],
  ["voken help doc", ["doctor"]],
];

const bash = skipIf(missing("bash"), test),
  zsh = skipIf(missing("zsh"), test),
  fish = skipIf(missing("fish"), test);

bash("bash completes commands, options, choices, models and files", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("my picture.png"), "");
  const script = `source completion
    for line; do
      read -ra COMP_WORDS <<<"$line"
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _voken
      IFS='|'; echo "\${COMPREPLY[*]}"; unset IFS
    done`;
  const said = await ask("bash", script, { cwd: folder.path, args: lines.map(([line]) => line) });
  assert.equal(said.trimEnd().split("\n"), lines.map(([, words]) => words.join("|")));
});

fish("fish completes the same", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("my picture.png"), "");
  const script = `source completion; ${lines.map(([line]) => `echo =; complete -C '${line}'`).join("; ")}`;
  const said = (await ask("fish", script, { cwd: folder.path })).split(/^=\n/m).slice(1);
  const words = said.map((part) =>
    part.split("\n").map((line) => line.split("\t")[0]!).filter((word) => word)
  );
  assert.equal(words, lines.map(([, expected]) => expected.toSorted()));
});

zsh("zsh completes commands, options, choices, models and files as they are typed", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("my picture.png"), "");
  // A shell of its own completes at each tab; this `voken` then says with what arguments it was called.
  const inner = "voken() { print -r -- got:${(j:,:)@}:end }; autoload -U compinit; compinit -u -d dump";
  Deno.writeTextFileSync(folder.at("inner"), inner);
  const script = `zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'source ./inner; source ./completion'
    for line; do
      zpty -w z "$line"
      zpty -rm z said '*got:*:end*'
      said=\${said##*got:}
      print -r -- \${said%%:end*}
    done
    zpty -d z`;
  const typed = ["enc\t --qu\t", "encode --backend was\t my\t", "train tok\t", "encode -m emo\t"];
  const said = await ask("zsh", script, { cwd: folder.path, args: typed.map((line) => `voken ${line}`) });
  assert.equal(said.trimEnd().split("\n"), [
    "encode,--quiet",
    "encode,--backend,wasm,my picture.png",
    "train,tokenizer",
    "encode,-m,emoji-64",
  ]);
});

test("every command and option is in every script", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await voken(["completion", shell]);
    assert.is(code, 0);
    for (const { name, options } of commands) {
      assert.ok(out.includes(name), `${shell}: ${name}`);
      for (const flag of options.flatMap(({ flags }) => flags)) {
        const found = shell === "fish"
          ? `${flag.startsWith("--") ? "-l" : "-s"} ${flag.replace(/^-+/, "")}`
          : flag;
        assert.ok(out.includes(found), `${shell}: ${name} ${flag}`);
      }
    }
  }
});

test("a value is completed by words, by files, or is one that only its user knows", () => {
  const unknown = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, value }) =>
      value && !value.files && value.words.length === 0 ? [`${name} ${flags.at(-1)} ${value.name}`] : []
    )
  );
  const own = /(n|i\/n|pixels|classes|g,g|t,t|k,k|p,p|text|address|name|port|origin|name=value)$/;
  assert.equal(unknown.filter((each) => !own.test(each)), []);
});

test("every help has examples, and none shows how a default is stored", async () => {
  for (const { name } of commands) {
    const { code, out } = await voken(name === "help" ? ["--help"] : [name, "--help"]);
    assert.is(code, 0);
    assert.not.match(out, /default: *["[{]|\[object|undefined/, name);
    assert.match(out, /\n\nExamples:\n {2}\$ /, name);
  }
});

test.run();
