/** `deno task bench NAME [ARGUMENTS]`: runs `bench/NAME.ts`. */
const benchmarks: readonly string[] = [
  "tokenizer",
  "webgpu",
  "webgpu_chromium",
  "generator",
  "video",
  "memory",
  "machine/limits",
  "service",
  "service_memory",
  "training_tokenizer",
  "training_transformer",
];

const [name, ...args] = Deno.args;
if (name === undefined || !benchmarks.includes(name)) {
  console.error(`Usage: deno task bench ${benchmarks.join(" | ")}`);
  Deno.exit(1);
}
const script = new URL(`${name}.ts`, import.meta.url).pathname;
const child = new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, ...args] }).spawn();
Deno.exit((await child.status).code);
