import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandWords } from "../../src/cli/completion/words.ts";
import { main, vokenCommand } from "../../src/cli/main.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { readImage } from "../../src/image/read.ts";
import { tarOf } from "../data/support.ts";
import { shippedModel, shippedSample as sample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { tinyTokenizer } from "../train/run/tiny.ts";
import { memoryIo, scratch, voken } from "./support.ts";

const test = suite("examples in the help");

/** Examples that are not run, and why. */
const excluded: Record<string, string> = {
  "convert-lpips": "needs weights of 59 MB, which tests/models/lpips_weights.test.ts makes",
};

/** Writes the files that the examples read into the working directory. */
async function writeInputs(): Promise<void> {
  for (const folder of ["photos", "more/holidays", "runs/transformer", ".config/fish/completions"]) {
    Deno.mkdirSync(folder, { recursive: true });
  }
  const ring = Deno.readFileSync(sample("ring")), image = await readImage(ring);
  Deno.writeFileSync("photo.png", ring);
  Deno.writeFileSync("photos/ring.png", ring);
  Deno.copyFileSync(sample("pilot"), "photos/pilot.png");
  Deno.writeFileSync("more/holidays/ring.jpg", await encodeImage(image, { format: "jpeg" }));
  Deno.writeFileSync("train-00.tar", tarOf({ "1.png": ring, "2.png": ring }));
  Deno.writeFileSync("test-00.tar", tarOf({ "1.png": ring }));
  Deno.writeTextFileSync("tokens", `${"t".repeat(32)}\n`);
  Deno.writeTextFileSync("run.json", JSON.stringify(tinyTokenizer("unused", { steps: 2 })));
  Deno.symlinkSync(smallModel, "AR_256_B.ckpt");
  Deno.symlinkSync(smallModel, "runs/transformer/model");
  Deno.symlinkSync(`${shippedModel}/model.safetensors`, "model.safetensors");
}

/** Runs a line with `|`, `<` and `>` as a shell does, and stops a service once it serves. */
async function run(line: string): Promise<void> {
  let input: Uint8Array | undefined;
  for (const part of line.replace(/^source <\((.*)\)$/, "$1").replace("~", ".").split(" | ")) {
    const words = [...part.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const after = (sign: string) =>
      words.includes(sign) ? words.splice(words.indexOf(sign), 2)[1] : undefined;
    const from = after("<"), to = after(">");
    if (from) input = Deno.readFileSync(from);
    const [name, command, ...args] = words;
    assert.is(name, "voken", line);
    const controller = new AbortController(), io = memoryIo({ input, signal: controller.signal });
    const code = await main([command!, ...args, ...command === "serve" ? ["--port", "0"] : []], {
      ...io,
      out(text) {
        io.out(text);
        if (text.startsWith("Serving ")) controller.abort();
      },
    });
    const { out, bytes, notes } = io.written();
    assert.is(code, 0, `${line}\n${notes}`);
    assert.ok(out + bytes.length !== "0", line);
    input = bytes.length > 0 ? bytes : new TextEncoder().encode(out);
    if (to) Deno.writeFileSync(to, input);
  }
}

const home = Deno.cwd();
for (const { name } of [{ name: "voken" }, ...commandWords(vokenCommand(memoryIo()))]) {
  if (name === "help" || name in excluded) continue;
  test(name, async () => {
    const { out } = await voken(name === "voken" ? ["--help"] : [name, "--help"]);
    const lines = [...out.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line!);
    assert.ok(lines.length > 0, "no examples");
    using folder = scratch();
    Deno.chdir(folder.path);
    Deno.env.set("VOKEN_CACHE", folder.at("cache"));
    try {
      await writeInputs();
      if (name === "decode") {
        for (const file of ["photo.npz", "tokens.npz"]) await voken(["encode", "photo.png", "-o", file]);
      }
      for (const line of lines) await run(line);
    } finally {
      Deno.chdir(home);
    }
  });
}

test.run();
