import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandWords, type Fitting, type OptionWords } from "../../src/cli/completion/words.ts";
import { main, vokenCommand } from "../../src/cli/main.ts";
import { shippedSample as sample } from "../support/models.ts";
import { memoryIo, scratch } from "./support.ts";

const test = suite("arguments");

/** Commands that take seconds where their arguments are right. */
const slow = new Set(["doctor", "explain", "export", "convert", "generate"]);
const program = vokenCommand(memoryIo());
const commands = program.commands.filter((command) => !slow.has(command.name()));

/** Files of a folder that is the working directory of the commands. */
const files: Record<string, Uint8Array | string> = {
  "ring.png": Deno.readFileSync(sample("ring")),
  "cut.png": Deno.readFileSync(sample("ring")).subarray(0, 900),
  "empty.npz": "",
  "text.json": "{}",
  "list.json": "[]",
  "null.json": "null",
  "tokens.json": '{"codebookSize":262144,"grid":[1,1],"tokens":[[0]]}',
  "zip.ckpt": "PK\x03\x04 damaged",
  "images/1.png": "no image",
  "run.json": '{"stage":"tokenizer","steps":1}',
};

const path = fc.constantFrom(
  ...Object.keys(files),
  "images",
  "*.png",
  "-",
  "out",
  "out/a.png",
  "out.npz",
  "none",
);
const number = fc.constantFrom("1", "2", "8", "1/1", "64x64", "0.5,0.5", "maxBodyBytes=9");
const odd = fc.oneof(
  fc.constantFrom(
    "0",
    "-1",
    "1e9",
    "emoji-64",
    "/dev/null",
    "",
    ".",
    "..",
    "[",
    "{a",
    "%00",
    "a b",
    "ä\u0000",
  ),
  fc.string({ maxLength: 6 }).filter((text) => !text.includes("/")),
);

/** A value that mostly fits. */
function valueOf({ words, files }: Fitting): fc.Arbitrary<string> {
  const fitting = words.length > 0 ? fc.constantFrom(...words) : files ? path : number;
  return fc.oneof({ weight: 8, arbitrary: fitting }, { weight: files ? 4 : 1, arbitrary: path }, odd);
}

/** Arguments of a command: what it requires, a few of its options, and what else comes along. */
const line = fc.constantFrom(...commands).chain((command) => {
  const { name, options, operands } = commandWords(program).find(({ name }) => name === command.name())!;
  const optionOf = ({ flags, value }: OptionWords): fc.Arbitrary<string[]> => {
    const flag = fc.constantFrom(...flags);
    return value ? fc.tuple(flag, valueOf(value)) : flag.map((flag) => [flag]);
  };
  const required = new Set(command.options.filter(({ mandatory }) => mandatory).map(({ long }) => long!));
  return fc.tuple(
    fc.tuple(...options.filter(({ flags }) => required.has(flags.at(-1)!)).map(optionOf)),
    fc.array(fc.constantFrom(...options).chain(optionOf), { maxLength: 3 }),
    fc.array(valueOf(operands), {
      minLength: command.registeredArguments.length,
      maxLength: command.registeredArguments.length + 1,
    }),
  ).map(([needed, more, operands]) => [name, ...needed.flat(), ...more.flat(), ...operands]);
});

test("no arguments give an error that is not explained", async () => {
  using folder = scratch();
  const codes = new Set<number>();
  const home = Deno.cwd();
  Deno.env.set("VOKEN_CACHE", folder.at("cache"));
  // In a folder of its own, so that an output `..` is still within.
  const work = folder.at("work");
  Deno.mkdirSync(`${work}/images`, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    Deno.writeFileSync(
      `${work}/${name}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
  Deno.chdir(work);
  try {
    await fc.assert(
      fc.asyncProperty(line, async (args) => {
        const controller = new AbortController(), io = memoryIo({ signal: controller.signal });
        const code = await main(args, {
          ...io,
          out(text) {
            io.out(text);
            if (text.startsWith("Serving ")) controller.abort();
          },
        });
        const { notes } = io.written();
        codes.add(code);
        assert.not.match(notes, /this is a bug|undefined|NaN|\[object/, notes);
        assert.ok(code === 0 || notes !== "");
      }),
      { numRuns: 150 },
    );
    assert.equal([...codes].sort(), [0, 1, 2]);
  } finally {
    Deno.chdir(home);
  }
});

test.run();
