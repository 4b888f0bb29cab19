const root = new URL("../../", import.meta.url);

/**
 * The folder of a model that is not shipped: images of 32×32 in 8×8 tokens. Its transformer is held against PyTorch,
 * and to generate with it takes a quarter of the shipped model's tokens, so that tests of much generation use it.
 */
export const smallModel: string = new URL("tests/models/emoji-32", root).pathname;

/** A sample image of 32×32, by its name. */
export function smallSample(name: string): string {
  return `${smallModel}/samples/${name}.png`;
}

/** The folder of the shipped model. */
export const shippedModel: string = new URL("models/emoji-64", root).pathname;

/** A sample image of the shipped model, of 64×64, by its name. */
export function shippedSample(name: string): string {
  return `${shippedModel}/samples/${name}.png`;
}
