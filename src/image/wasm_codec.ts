import { type CodecName, providedCodec } from "./codec_modules.ts";
import { BackendError } from "../tensor/errors.ts";

/** Above this number of pixels an instance is discarded after use, because its memory never shrinks. */
const keepPixels = 4 * 1024 * 1024;

/**
 * A codec in WebAssembly. The module is compiled once, and one idle instance is kept for the next call.
 *
 * `url` returns the URL of the module. It names the package with `npm:` and version, because registries rewrite bare
 * names only in imports.
 *
 * An instance that threw is discarded: after a trap or an exit the state of its memory and stack is undefined.
 */
export class WasmCodec<Instance> {
  #module: Promise<WebAssembly.Module> | undefined;
  #idle: Instance | undefined;
  readonly #name: CodecName;
  readonly #url: () => string | Promise<string>;
  readonly #instantiate: (module: WebAssembly.Module) => Promise<Instance>;

  constructor(
    name: CodecName,
    url: () => string | Promise<string>,
    instantiate: (module: WebAssembly.Module) => Promise<Instance>,
  ) {
    this.#name = name;
    this.#url = url;
    this.#instantiate = instantiate;
  }

  /** Runs the synchronous function `work` on an instance. Throws its errors, or `BackendError` if loading fails. */
  async run<Result>(pixels: number, work: (instance: Instance) => Result): Promise<Result> {
    const instance = this.#take() ?? await this.#load();
    const result = work(instance);
    if (pixels <= keepPixels) this.#idle = instance;
    return result;
  }

  #take(): Instance | undefined {
    const instance = this.#idle;
    this.#idle = undefined;
    return instance;
  }

  async #compile(): Promise<WebAssembly.Module> {
    const given = providedCodec(this.#name);
    if (given) return given;
    return await WebAssembly.compile(await readBytes(await this.#url()));
  }

  async #load(): Promise<Instance> {
    try {
      this.#module ??= this.#compile();
      return await this.#instantiate(await this.#module);
    } catch (cause) {
      this.#module = undefined;
      throw new BackendError("Cannot load an image codec", {
        got: cause instanceof Error ? cause.message : String(cause),
        hint: "install the @jsquash packages and allow reading them",
        cause,
      });
    }
  }
}

async function readBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  if (url.startsWith("file:")) {
    const { readFile } = await import("node:fs/promises");
    return new Uint8Array(await readFile(new URL(url)));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
