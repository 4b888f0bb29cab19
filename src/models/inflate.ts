import { checkModel } from "../runtime/check_model.ts";
import { tokenizerConfigKinds } from "../networks/magvit2/config.ts";
import { free } from "../tensor/free.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { parameterShapes, type TokenizerModel } from "./tokenizer_weights.ts";

/**
 * Makes a video tokenizer of an image tokenizer, as training of video tokenizers starts: it encodes a film of one frame as the image
 * tokenizer does. The kernels of images become the last temporal slices, which read the present frame, beside zeros. Where
 * frames are doubled, too, the channels before that are there twice, so that both frames are the same.
 *
 * Throws `ArgumentError` for a video tokenizer.
 */
export function inflateTokenizer(image: TokenizerModel): TokenizerModel {
  checkModel(image, tokenizerConfigKinds, "inflate the tokenizer");
  if (image.config.kind === "video") {
    throw new ArgumentError("Cannot inflate the tokenizer", {
      expected: "an image tokenizer",
      got: "a video tokenizer",
    });
  }
  const config = { ...image.config, kind: "video" } as const,
    shapes = parameterShapes(config),
    { source } = image;
  return {
    config,
    source: {
      shapes,
      f16: source.f16,
      async read(name) {
        const of = name.replace(/conv_1\.(?=weight$|bias$)/, ""), kernel = await source.read(of);
        const inflated = inflate(kernel, { from: source.shapes.get(of)!, to: shapes.get(name)! });
        source.release?.(kernel);
        return inflated;
      },
      release: free,
    },
  };
}

/**
 * A weight of images `[O,I,h,w]` or of another shape as one of films, `[k·O,I,T,h,w]` or `[k·O,…]`: k times along the first axis,
 * each in the last of the T slices.
 */
function inflate(values: Float32Array, { from, to }: { from: Shape; to: Shape }): Float32Array {
  const inflated = new Float32Array(sizeOf(to)), isKernel = to.length > from.length;
  const taps = isKernel ? to[2]! : 1, slice = isKernel ? sizeOf(from.slice(2)) : values.length;
  for (let i = 0, slices = inflated.length / slice / taps; i < slices; i++) {
    const at = (i * slice) % values.length;
    inflated.set(values.subarray(at, at + slice), (i * taps + taps - 1) * slice);
  }
  return inflated;
}
