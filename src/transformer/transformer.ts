import type { Cancellable } from "../backend/backend.ts";
import { elementsOf, isNumbers, type Numbers } from "../tensor/elements.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { cancellable, checkOptions, type Kinds, required } from "../tensor/options.ts";
import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { checkSource } from "../models/check_source.ts";
import type { ModelSource } from "../models/find.ts";
import { openGenerative, transformerOf } from "../models/open_generative.ts";
import { classConditioning } from "../networks/transformer/conditioning.ts";
import { type TransformerConfig, transformerConfigKinds } from "../networks/transformer/config.ts";
import { checkModel } from "../runtime/check_model.ts";
import { runtimeKinds, type RuntimeOptions } from "../runtime/options.ts";
import { hintKinds, type ModelHints } from "../models/hints.ts";
import { TransformerEngine } from "./engine.ts";
import type { TransformerModel } from "../models/transformer_weights.ts";

/** Images as classes and both sub-tokens of every position, in raster order. */
export interface TeacherForcedInput extends Cancellable {
  /** One class an image; the number of classes stands for none, as guidance needs it. */
  classIds: Numbers;
  /** The first sub-tokens of each image, one after the other. */
  pre: Numbers;
  /** The second sub-tokens. */
  post: Numbers;
}

const inputKinds: Kinds<TeacherForcedInput> = {
  classIds: required({ expected: "a list of numbers of classes", fits: isNumbers }),
  pre: required({ expected: "a Uint32Array of sub-tokens", fits: isNumbers }),
  post: required({ expected: "a Uint32Array of sub-tokens", fits: isNumbers }),
  ...cancellable,
};

const loadKinds: Kinds<ModelHints & RuntimeOptions> = { ...hintKinds, ...runtimeKinds };

/**
 * The transformer of a generative model, for evaluation: what it expects at each position of given images.
 *
 * Calls at the same time run one after the other. Dispose it, best by `await using`.
 *
 * @example
 * ```ts
 * import { Transformer } from "@voken/magvit2";
 *
 * await using transformer = await Transformer.load("emoji-64");
 * const { grid } = transformer.config;
 * const pre = new Uint32Array(grid ** 2), post = new Uint32Array(grid ** 2);
 * const { logitsPre } = await transformer.teacherForced({ classIds: [0], pre, post });
 * console.log(logitsPre.shape); // [1, grid², 2^bits of the first sub-token]
 * ```
 */
export class Transformer implements AsyncDisposable {
  readonly #engine: TransformerEngine;

  private constructor(engine: TransformerEngine) {
    this.#engine = engine;
  }

  /**
   * Loads the transformer of a checkpoint, from any source that `Generator.load` takes. Throws `CheckpointError` if
   * it is damaged or holds none, `NetworkError` if it cannot be fetched, `NumericError` if a weight is not finite,
   * `ArgumentError` for a wrong option, `BackendError` if the backend cannot run here.
   */
  static async load(source: ModelSource, options: ModelHints & RuntimeOptions = {}): Promise<Transformer> {
    checkOptions(options, loadKinds, "load the transformer");
    checkSource(source, "load the transformer");
    const { onProgress, cache, signal } = options;
    signal?.throwIfAborted();
    await using files = await openGenerative(source, { onProgress, cache, signal });
    return new Transformer(await TransformerEngine.load(transformerOf(files, options), options));
  }

  /** Makes a transformer of the given configuration from weights by name. Throws as `load` does. */
  static async fromWeights(model: TransformerModel, options: RuntimeOptions = {}): Promise<Transformer> {
    checkOptions(options, runtimeKinds, "load the transformer");
    checkModel(model, transformerConfigKinds, "load the transformer");
    return new Transformer(await TransformerEngine.load(model, options));
  }

  /** What the model is made of. */
  get config(): TransformerConfig {
    return this.#engine.config;
  }

  /**
   * The logits of every position, each knowing only the tokens before it (and the second sub-token its first):
   * `[n, positions, 2^b0]` and `[n, positions, 2^b1]`.
   *
   * Throws `ArgumentError` if classes or tokens are out of range or not as many as needed, `NumericError` for results
   * that are not finite.
   */
  async teacherForced(
    input: TeacherForcedInput,
  ): Promise<{ logitsPre: HostTensor<"f32">; logitsPost: HostTensor<"f32"> }> {
    checkOptions(input, inputKinds, "evaluate the tokens");
    const { signal } = input, action = "evaluate the tokens", { classes, grid, bits } = this.config;
    const n = input.classIds.length, positions = grid ** 2;
    // The null class is one more.
    const classIds = below(classes + 1, input.classIds, { name: "classIds", length: Math.max(1, n) });
    const [pre, post] = (["pre", "post"] as const).map((name, i) =>
      below(2 ** bits[i]!, input[name], { name, length: n * positions })
    );
    using _lock = await this.#engine.lock(action, { signal });
    const inputs = {
      ...classConditioning(this.config).inputs([...classIds]),
      pre: u32Tensor([n, positions], pre),
      post: u32Tensor([n, positions], post),
    };
    const outputs = await this.#engine.teacherForced(n, { inputs, action, signal });
    const { logits_pre: logitsPre, logits_post: logitsPost } = outputs as Record<string, HostTensor<"f32">>;
    return { logitsPre: logitsPre!, logitsPost: logitsPost! };
  }

  /** Waits for the calls under way, then frees memory and threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine[Symbol.asyncDispose]();
  }
}

/** As many whole numbers below `limit`. Throws `ArgumentError` for others. */
function below(
  limit: number,
  values: Numbers,
  { name, length }: { name: string; length: number },
): Uint32Array {
  const subject = `Cannot evaluate the tokens: ${name}`;
  const elements = elementsOf("u32", values, { subject, length });
  const bad = elements.findIndex((value) => value >= limit);
  if (bad < 0) return elements;
  throw new ArgumentError(subject, { expected: `numbers below ${limit}`, got: `${elements[bad]} at ${bad}` });
}
