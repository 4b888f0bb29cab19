/** What the browser runs; bundled by `inputs.slow.ts`, which calls it. */
import type { Image } from "../../src/image/image.ts";
import { toImageData } from "../../src/image/image_data.ts";
import type { ImageInput } from "../../src/image/input.ts";
import { readImage } from "../../src/image/read.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";

/** The tests that the page offers. Files are named by their paths on the page's server. */
export interface InputsPage {
  /** The RGB bytes of an image in each form that a browser has for it. */
  pixels(file: string): Promise<Record<string, number[]>>;
  /** The tokens of each form. */
  tokens(file: string): Promise<Record<string, number[]>>;
  /** The tokens of some forms, and the size of the image that they are, from a worker. */
  fromWorker(file: string): Promise<Record<string, { tokens: number[]; size: number[] }>>;
  /** The bytes of the image after `toImageData`, a canvas, and back. */
  drawn(file: string): Promise<number[]>;
  /** The errors of what has no pixels, or not in sRGB. */
  errors(): Promise<string[]>;
}

const page: InputsPage = {
  pixels: (file) => ofEach(file, async (input) => [...(await readImage(input)).data]),

  async tokens(file) {
    await using tokenizer = await Tokenizer.load(await bytesOf("model"), { backend: "wasm" });
    return await ofEach(file, async (input) => [...(await tokenizer.encode(input)).data]);
  },

  async fromWorker(file) {
    const model = await bytesOf("model"),
      script = new Blob([await bytesOf("worker.js")], { type: "text/javascript" });
    const { Image, Blob: blob, ImageBitmap, ImageData, VideoFrame } = await formsOf(file), answers = [];
    for (const [name, image] of Object.entries({ Image, blob, ImageBitmap, ImageData, VideoFrame })) {
      const worker = new Worker(URL.createObjectURL(script), { type: "module" });
      const answer = new Promise<{ tokens: Tokens; image: Image }>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
      worker.postMessage({ model, image });
      const { tokens, image: { width, height, data } } = await answer;
      answers.push([name, { tokens: [...tokens.data], size: [width, height, data.length] }]);
      worker.terminate();
    }
    return Object.fromEntries(answers);
  },

  async drawn(file) {
    const pixels = toImageData(await readImage(await bytesOf(file))), { width, height } = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d")!.putImageData(pixels, 0, 0);
    return [...(await readImage(canvas)).data];
  },

  async errors() {
    const bitmap = await createImageBitmap(new ImageData(2, 2));
    bitmap.close();
    const wide = new ImageData(2, 2, { colorSpace: "display-p3" });
    const inputs = [bitmap, new OffscreenCanvas(0, 3), new Image(), wide];
    return await Promise.all(
      inputs.map((input) =>
        readImage(input).then(() => "none", (error) => `${error.name}: ${error.message}`)
      ),
    );
  },
};

async function bytesOf(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`/${file}`)).arrayBuffer());
}

async function ofEach<Result>(
  file: string,
  work: (input: ImageInput) => Promise<Result>,
): Promise<Record<string, Result>> {
  const results: Record<string, Result> = {};
  for (const [name, input] of Object.entries(await formsOf(file))) results[name] = await work(input);
  return results;
}

async function formsOf(file: string): Promise<Record<string, ImageInput>> {
  const bytes = await bytesOf(file), blob = new Blob([bytes], { type: "image/png" });
  const bitmap = await createImageBitmap(blob), { width, height } = bitmap;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const offscreen = new OffscreenCanvas(width, height), element = new Image();
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  offscreen.getContext("2d")!.drawImage(bitmap, 0, 0);
  element.src = URL.createObjectURL(blob);
  return {
    Image: await readImage(bytes),
    Blob: blob,
    File: new File([bytes], file),
    ImageBitmap: bitmap,
    ImageData: context.getImageData(0, 0, width, height),
    HTMLCanvasElement: canvas,
    OffscreenCanvas: offscreen,
    HTMLImageElement: element,
    VideoFrame: new VideoFrame(bitmap, { timestamp: 0 }),
  };
}

Object.assign(globalThis, { page });
