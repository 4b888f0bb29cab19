/**
 * Run by edge.test.ts without any permission: takes from the engine what edge hosts do not have, then loads the backend
 * and runs a program. Prints the variant and the first value of the output.
 */
const scope = globalThis as Record<string, unknown>;
for (
  const name of ["process", "Worker", "SharedArrayBuffer", "Buffer", "setImmediate", "crossOriginIsolated"]
) {
  delete scope[name];
}
Reflect.deleteProperty(Atomics, "waitAsync");

const { WasmBackend } = await import("../../src/backend/wasm/wasm_backend.ts");
const { compileAll, inputOf, shortGraph } = await import("./programs.ts");

await using backend = new WasmBackend();
const { programs: [program] } = await compileAll(backend, [shortGraph]);
const { y } = await program!.run(inputOf(shortGraph));
console.log(JSON.stringify({ variant: backend.variant, threads: backend.threads, first: y!.data[0] }));
