/** What Chromium runs; bundled by `webgpu.slow.ts`, which calls it. */
import type * as Ort from "onnxruntime-web";

/** A tensor as it goes to the page and back. */
export interface Sent {
  readonly type: "float32" | "int64";
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** What the page offers. */
export interface Page {
  /** Runs the model at the path `model` once on WebGPU. */
  run(model: string, inputs: Readonly<Record<string, Sent>>): Promise<Record<string, Sent>>;
}

const page: Page = {
  async run(model, inputs) {
    // The server does not say that the module is a script.
    const script = new Blob([await (await fetch("/ort.mjs")).arrayBuffer()], { type: "text/javascript" });
    const ort = await import(URL.createObjectURL(script)) as typeof Ort;
    ort.env.wasm.wasmPaths = { wasm: "/ort.wasm" };
    ort.env.wasm.numThreads = 1;
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["webgpu"] });
    const feeds = Object.entries(inputs).map(([name, { type, dims, data }]) => [
      name,
      type === "int64"
        ? new ort.Tensor(type, BigInt64Array.from(data, BigInt), dims)
        : new ort.Tensor(type, Float32Array.from(data), dims),
    ]);
    const results = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        { type: type as Sent["type"], dims: [...dims], data: Array.from(data as ArrayLike<number>, Number) },
      ]),
    );
  },
};
Object.assign(globalThis, { page });
