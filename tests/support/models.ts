const root = new URL("../../", import.meta.url);

/** The folder of the shipped model. */
export const shippedModel: string = new URL("models/emoji-64", root).pathname;

/** Returns the path of a sample image of the shipped model, of 64×64, by its name. */
export function shippedSample(name: string): string {
  return `${shippedModel}/samples/${name}.png`;
}

/** Returns the path of a sample image of 32×32, by its name. */
export function smallSample(name: string): string {
  return new URL(`tests/golden/samples/${name}.png`, root).pathname;
}
