import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { shippedModel, shippedSample as sample } from "../support/models.ts";
import { scratch, voken } from "./support.ts";
import { notLinux, skipIf } from "../support/skip.ts";

const test = suite("voken, bad input");

/** Arguments of commands that fail, with what the one line says; `$` is the scratch folder. */
const failures: [string, RegExp][] = [
  ["reconstruct $/none.png", /none\.png: expected a PNG, JPEG or WebP file, got no such file/],
  [
    "reconstruct $/folder",
    /Cannot take images from \S*folder: expected PNG, JPEG or WebP files, .*, got none/,
  ],
  ["reconstruct $/none*.png", /none\*\.png: expected files that match the pattern, got none/],
  [
    "reconstruct $/text $/empty --skip-damaged -q -o $/new",
    /Cannot read the images: expected one .* not damaged/,
  ],
  ["reconstruct $/empty -o $/new", /empty: .*got an empty file/],
  ["reconstruct $/text -o $/new", /Cannot read the image in \S*text: .*got text starting "hello"/],
  ["reconstruct $/cut.png -o $/new", /Cannot decode the PNG image in \S*cut\.png/],
  ["reconstruct RING -o $/text/sub", /text\/sub\/ring\.png: got .*text, which is not a folder/],
  ["reconstruct RING -o $/new -m nosuch", /Cannot find the model nosuch: .*names emoji-64/],
  ["reconstruct RING -o $/new -m $/none.ckpt", /none\.ckpt: .*no such file/],
  ["reconstruct RING -o $/new -m $/empty", /empty: .*got an empty file/],
  ["reconstruct RING -o $/new -m RING", /ring\.png: expected a torch checkpoint/],
  ["reconstruct RING -o $/new -m $/folder", /folder\/[a-z.]+: .*no such file/],
  ["encode RING -o $/folder", /folder: expected the name of a file, got a folder/],
  ["encode RING -o /dev/full", /\/dev\/full: got no space left/],
  ["encode $/folder -o $/new.npz", /got none/],
  ["decode $/none.npz -o $/new", /none\.npz: .*no such file/],
  ["decode $/empty -o $/new", /Cannot read tokens from .*an empty file/],
  ["decode $/folder -o $/new", /folder: expected a file, got a folder/],
  ["decode RING -o $/new", /Cannot read tokens from .*something else/],
  ["convert $/empty -o $/new", /got an empty file/],
  ["convert $/none.ckpt -o $/new", /no such file/],
  ["convert $/model -o $/text/new", /text, which is not a folder/],
  ["convert-lpips $/text -o $/new.safetensors", /text: expected a torch checkpoint/],
  [
    "convert-lpips $/model -o $/new.safetensors",
    /26 weights and 5 linear ones, got no net\.slice1.* give torchvision's/,
  ],
  [
    "tokenize --data $/none -o $/new.npz",
    /none: expected a folder of images, \.tar files or an \.npz file, got no such/,
  ],
  ["tokenize --data $/text -o $/new.npz", /text: .*got another file/],
  ["tokenize --data $/other.npz -o $/new.npz", /an array arr_0 of uint8/],
  ["tokenize --data $/model/samples -o $/text/new.npz", /text, which is not a folder/],
  ["evaluate --data $/folder", /Cannot take images from .*folder: expected PNG/],
  [
    "evaluate --data $/model/samples --held-out",
    /an \.npz file with an array held_out .*got a data set without held-out images/,
  ],
  ["inspect $/text", /text: expected a torch checkpoint/],
  ["inspect $/none", /no such file/],
  ["inspect nosuch", /Cannot find the model nosuch/],
  ["explain $/text", /text: expected a torch checkpoint/],
];

/** Arguments that are wrong themselves. */
const misuses: [string, RegExp][] = [
  ["reconstruct RING -o $/ring.gif", /expected a folder, or a \.png, \.jpg or \.webp file/],
  ["reconstruct RING PILOT -o $/both.png", /expected a folder for 2 images/],
  ["reconstruct RING RING -o $/new", /Cannot write two images to .*ring\.png/],
  ["reconstruct $/ring.png -o $", /ring\.png: got the path of an input; choose another -o/],
  ["reconstruct RING -o $/new --threads 1000", /from 1 to 256, got 1000/],
  ["encode RING", /expected -o tokens\.npz or --json, got neither/],
  ["decode $/other.npz -o $/new", /expected a codebookSize of 262144, got 16384; use the model that made/],
  ["decode $/large.npz -o $/new", /expected tokens below 262144, got 262144 at 1/],
  ["tokenize --data $/model/samples -o $/new.pt", /ends in \.npz or \.safetensors/],
  ["evaluate --data $/model/samples --size 30", /a multiple of 4/],
  ["explain emoji-64 --size 30", /expected multiples of 4; images of this size are padded: use --size 32x32/],
];

test("every wrong input is one line that says what to do, exit code 1 or 2, and nothing is written", async () => {
  using folder = scratch();
  Deno.mkdirSync(folder.at("folder"));
  Deno.symlinkSync(shippedModel, folder.at("model"));
  const ring = Deno.readFileSync(sample("ring"));
  Deno.writeFileSync(folder.at("ring.png"), ring);
  Deno.writeFileSync(folder.at("cut.png"), ring.subarray(0, 900));
  Deno.writeFileSync(folder.at("empty"), new Uint8Array());
  Deno.writeTextFileSync(folder.at("text"), "hello");
  const tokens = (codebookSize: number, token: number) =>
    writeNpz({
      tokens: { shape: [1, 1, 2], data: Uint32Array.of(0, token) },
      codebookSize: { shape: [], data: Uint32Array.of(codebookSize) },
    });
  Deno.writeFileSync(folder.at("other.npz"), tokens(2 ** 14, 0));
  Deno.writeFileSync(folder.at("large.npz"), tokens(2 ** 18, 2 ** 18));
  const before = folder.files();

  const cases = [
    ...failures.map((each) => [1, ...each] as const),
    ...misuses.map((each) => [2, ...each] as const),
  ];
  for (const [expected, line, message] of cases) {
    const args = line.replaceAll("$", folder.path).replaceAll("RING", sample("ring"))
      .replaceAll("PILOT", sample("pilot")).split(" ");
    const { code, out, notes } = await voken(args);
    assert.is(code, expected, line);
    assert.is(out, "", line);
    assert.match(notes, /^voken: .+$/, `${line}: ${notes}`);
    assert.match(notes, message);
    assert.equal(folder.files(), before, line);
  }
});

test("invalid usage names the option and the help", async () => {
  const cases: [string[], RegExp][] = [
    [["generate", "--class", "1", "--preset", "pretty"], /Expected default or paper\. pretty is now default/],
    [["reconstruct"], /missing required argument 'images'\n\(voken reconstruct --help/],
    [
      ["reconstruct", "a.png", "--size", "0"],
      /'--size <pixels>' argument '0' is invalid\. .*positive integer/,
    ],
    [["reconstruct", "a.png", "--backend", "cuda"], /Allowed choices are auto, webgpu, wasm/],
    [["explain", "--size", "1x2x3"], /such as 256 or 640x480/],
    [["tokenize", "--data", "x", "-o", "y.npz", "--shard", "3/2"], /i\/n with i from 1 to n/],
    [["reconstruct", "-", "-"], /Cannot read standard input twice; give - once/],
    [["encode", "-", "-o", "-", "--json"], /expected --json or -o -, got both/],
    [["generate", "--class", "1", "-n", "2", "-o", "-"], /Cannot write to -: expected a folder for 2 images/],
    [["generate", "--class", "1", "--npz", "x.npz"], /The option is now -o\./],
    [["train", "tokenizer", "--out", "x"], /The option is now -o\./],
    [["convert", "a.ckpt", "folder"], /required option '-o, --output <folder>' not specified/],
    [["paint"], /unknown command 'paint'/],
    [["enocde"], /unknown command 'enocde'\n\(Did you mean encode\?\)/],
    [["encode", "--sise", "8"], /unknown option '--sise'\n\(Did you mean --size\?\)/],
  ];
  for (const [args, message] of cases) {
    const { code, notes } = await voken(args);
    assert.is(code, 2);
    assert.match(notes, message);
  }
  assert.is((await voken(["--help"])).code, 0);
  assert.match((await voken(["--version"])).out, /^\d+\.\d+\.\d+$/);
});

test("--verbose shows where an error came from", async () => {
  const { code, notes } = await voken(["inspect", "/none", "--verbose"]);
  assert.is(code, 1);
  assert.match(notes, /^voken: CheckpointError: Cannot open \/none.*\n +at .*\ncaused by Error: ENOENT/s);
});

test("a stopped command exits with 130", async () => {
  using folder = scratch();
  const { code, notes } = await voken(["reconstruct", sample("ring"), "-o", folder.path], {
    signal: AbortSignal.abort(),
  });
  assert.equal([code, notes, folder.files()], [130, "voken: stopped", []]);
});

/** Waits until a process has its own way with SIGINT, by the mask that Linux shows. */
async function listening(pid: number): Promise<void> {
  for (;;) {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const [, mask] = /SigCgt:\s*([0-9a-f]+)/.exec(status)!;
    // Deno catches the signal a moment before it knows whom to tell.
    if (BigInt(`0x${mask}`) & (1n << 1n)) return await new Promise((resolve) => setTimeout(resolve, 300));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const onLinux = skipIf(notLinux, test);
onLinux("Ctrl-C ends the process cleanly", async () => {
  using folder = scratch();
  const script = new URL("../../src/cli/voken.ts", import.meta.url).pathname;
  // Far too many images to end before the signal.
  const inputs = Array.from({ length: 3000 }, () => sample("ring"));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, "encode", ...inputs, "--size", "512", "-o", folder.at("t.npz")],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await listening(child.pid);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assert.equal([code, new TextDecoder().decode(stderr)], [130, "voken: stopped\n"]);
  assert.equal(folder.files(), []);
});

test.run();
