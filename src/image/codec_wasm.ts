import { codecModule, type CodecName, type PackedCodec } from "./codec_modules.ts";
import { BackendError } from "../tensor/errors.ts";

/** Above this number of pixels an instance is discarded after use, because its memory never shrinks. */
const keepPixels = 4 * 1024 * 1024;

/**
 * A codec in WebAssembly. The module is compiled once, and one idle instance is kept for the next call.
 *
 * An instance that threw is discarded: after a trap or an exit the state of its memory and stack is undefined.
 */
export class WasmCodec<Instance> {
  #idle: Instance | undefined;
  readonly #name: CodecName;
  readonly #instantiate: (module: WebAssembly.Module) => Promise<Instance>;
  readonly #packed: PackedCodec | undefined;

  /** `packed` is the codec for pages. */
  constructor(
    name: CodecName,
    instantiate: (module: WebAssembly.Module) => Promise<Instance>,
    packed?: PackedCodec,
  ) {
    this.#name = name;
    this.#instantiate = instantiate;
    this.#packed = packed;
  }

  /** Runs the synchronous function `work` on an instance. Throws its errors, or `BackendError` if loading fails. */
  async run<Result>(pixels: number, work: (instance: Instance) => Result): Promise<Result> {
    const instance = this.#take() ?? await this.#load();
    const result = work(instance);
    if (pixels <= keepPixels) this.#idle = instance;
    return result;
  }

  /** Loads an instance for the next call, if there is none. Throws `BackendError` if that fails. */
  async prepare(): Promise<void> {
    this.#idle ??= await this.#load();
  }

  #take(): Instance | undefined {
    const instance = this.#idle;
    this.#idle = undefined;
    return instance;
  }

  async #load(): Promise<Instance> {
    try {
      return await this.#instantiate(await codecModule(this.#name, this.#packed));
    } catch (cause) {
      throw new BackendError("Cannot load an image codec", {
        got: cause instanceof Error ? cause.message : String(cause),
        hint: "install the @jsquash packages, or give the compiled codecs to provideCodecs",
        cause,
      });
    }
  }
}
