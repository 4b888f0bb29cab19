/** What the browser runs; bundled by `models.slow.ts`, which calls it. */
import { openCheckpoint } from "../../src/models/open.ts";
import { openGenerative } from "../../src/models/open_generative.ts";
import { cachedFiles, removeCached } from "../../src/models/cached.ts";

/** The tests that the page offers. */
export interface ModelsPage {
  /** The number of tensors of a checkpoint and the last progress of its download, or the message of the error. */
  load(source: string, options?: { cache?: boolean }): Promise<
    { tensors: number; progress?: { file: string; loaded: number; total: number } } | string
  >;
  /** The text of `classes.json` of a generative model. */
  classes(source: string): Promise<string | undefined>;
  /** What the page has kept. */
  cached(): Promise<{ source: string; bytes: number }[]>;
  remove(source: string): Promise<number>;
}

const page: ModelsPage = {
  async load(source, options) {
    let progress: { file: string; loaded: number; total: number } | undefined;
    try {
      const onProgress = (step: NonNullable<typeof progress>) => void (progress = step);
      const checkpoint = await openCheckpoint(source, { ...options, onProgress });
      const tensors = checkpoint.tensors.size;
      await checkpoint[Symbol.asyncDispose]();
      return { tensors, progress };
    } catch (error) {
      return (error as Error).message;
    }
  },
  async classes(source) {
    const files = await openGenerative(source);
    return (await files.textFile("classes.json"))?.text;
  },
  cached: async () => (await cachedFiles()).map(({ source, bytes }) => ({ source, bytes })),
  remove: async (source) => (await removeCached(source)).length,
};

Object.assign(globalThis, { page });
