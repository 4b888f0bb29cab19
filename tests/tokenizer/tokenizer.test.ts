import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createImage, type Image } from "../../src/image/image.ts";
import { imagesToTensor, nchwToNhwc, tensorToImages } from "../../src/image/pixels.ts";
import {
  ArgumentError,
  BackendError,
  type ErrorFacts,
  NumericError,
  type VokenError,
} from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { hashedModel } from "../golden/tokenizer_golden.ts";

const test = suite("tokenizer");

/** Of two levels: 2 pixels a token, 2^10 codes. */
const golden = await readGolden("image_tiny");
let tokenizer: Tokenizer;

test.before(async () => {
  tokenizer = await Tokenizer.fromWeights(hashedModel(golden), { threads: 2 });
});

test.after(async () => {
  await tokenizer[Symbol.asyncDispose]();
});

/** An image whose bytes a name decides. */
function noise(name: string, [width, height]: [number, number]): Image {
  const values = hashed(name, [height * width * 3]);
  return createImage({ width, height }, Uint8Array.from(values, (value) => (value + 1) * 127));
}

/** The middle of `image`, an odd margin's smaller half before it. */
function cut(image: Image, { width, height }: { width: number; height: number }): Image {
  const left = (image.width - width) >> 1, top = (image.height - height) >> 1;
  const rows = Array.from({ length: height }, (_, y) => {
    const from = ((top + y) * image.width + left) * 3;
    return [...image.data.subarray(from, from + width * 3)];
  });
  return createImage({ width, height }, Uint8Array.from(rows.flat()));
}

/** The error of type `type` that `work` throws. */
async function thrown<E extends VokenError>(
  type: new (subject: string, facts?: ErrorFacts) => E,
  work: () => unknown,
): Promise<E> {
  try {
    await work();
  } catch (error) {
    if (error instanceof type) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("the tensor-level pair agrees with PyTorch; codes and tokens are one", async () => {
  const { name, shape } = JSON.parse(golden.metadata.input!);
  const { z, tokens } = await tokenizer.encodeTensor(f32Tensor(shape, hashed(name, shape)));
  const expected = golden.tensor("z") as HostTensor<"f32">;
  assert.equal(z.shape, expected.shape);
  assert.ok(nmse(z.data, expected.data) <= 1e-6);
  assert.equal(tokens.shape, golden.tensor("tokens").shape);

  const wanted = golden.tensor("tokens") as HostTensor<"u32">;
  const fromTokens = await tokenizer.decodeTensor(wanted);
  const codes = f32Tensor(expected.shape);
  const channels = expected.shape[1]!, cells = wanted.shape[1]! * wanted.shape[2]!;
  codes.data.forEach((_, i) => {
    const channel = Math.floor(i / cells), bit = channel % channels, image = Math.floor(channel / channels);
    codes.data[i] = wanted.data[image * cells + i % cells]! >>> bit & 1 ? 1 : -1;
  });
  const fromCodes = await tokenizer.decodeTensor(codes);
  const reconstruction = golden.tensor("reconstruction");
  assert.equal(fromTokens.shape, reconstruction.shape);
  assert.ok(nmse(fromTokens.data, reconstruction.data) <= 1e-6);
  assert.equal(fromCodes.data, fromTokens.data);
});

test("an image of any size is padded, coded, and cropped again", async () => {
  const factor = tokenizer.factor;
  const image = noise("odd", [5 * factor - 1, 4 * factor - 1]);
  const x = imagesToTensor([image], { factor });
  const { tokens: expected } = await tokenizer.encodeTensor(x);
  const tokens = await tokenizer.encode(image);
  assert.equal(tokens.grid, [4, 5]);
  assert.equal(tokens.size, { width: image.width, height: image.height });
  assert.equal(tokens.data, expected.data);

  const decoded = await tokenizer.decode(tokens);
  assert.equal([decoded.width, decoded.height], [image.width, image.height]);
  const { size: _, ...whole } = tokens;
  assert.equal(decoded, cut(await tokenizer.decode(whole), image));
  const [same] = tensorToImages(await tokenizer.decodeTensor(expected), { crop: image });
  assert.equal(same, decoded);
  assert.equal((await tokenizer.reconstruct(image)).data, decoded.data);
  assert.is((await tokenizer.encode(noise("even", [4 * factor, 2 * factor]))).size, undefined);
});

test("a batch gives what each image gives alone, in order, whatever the sizes", async () => {
  const sizes: [number, number][] = [[16, 16], [16, 16], [24, 16], [16, 16], [300, 300], [300, 300]];
  const images = sizes.map((size, i) => noise(`batch ${i}`, size));
  const together = await tokenizer.encode(images);
  const decoded = await tokenizer.decode(together);
  for (const [i, image] of images.entries()) {
    assert.equal(together[i]!, await tokenizer.encode(image));
    assert.equal(decoded[i]!, await tokenizer.reconstruct(image));
  }
  assert.equal(await tokenizer.encode([]), []);
  assert.equal(await tokenizer.decode([]), []);
});

test("any number of threads gives the same bits", async () => {
  const x = f32Tensor([1, 3, 56, 72], hashed("threads", [1, 3, 56, 72]));
  const { z, tokens } = await tokenizer.encodeTensor(x);
  const decoded = await tokenizer.decodeTensor(tokens);
  for (const threads of [1, 3]) {
    await using other = await Tokenizer.fromWeights(hashedModel(golden), { threads });
    assert.equal(await other.encodeTensor(x), { z, tokens });
    assert.equal(await other.decodeTensor(tokens), decoded);
  }
});

test("calls at the same time are all right, with more shapes than programs are kept", async () => {
  const images = Array.from({ length: 24 }, (_, i) => noise(`queue ${i}`, [16 + 2 * (i % 12), 16]));
  const alone = [];
  for (const image of images) alone.push(await tokenizer.encode(image));
  assert.equal(await Promise.all(images.map((image) => tokenizer.encode(image))), alone);
});

test("aborting ends a call with the signal's reason and leaves the tokenizer usable", async () => {
  const image = noise("abort", [512, 512]);
  const reason = new Error("enough");
  const controller = new AbortController();
  const work = tokenizer.reconstruct(Array.from({ length: 20 }, () => image), { signal: controller.signal });
  const others = tokenizer.encode(noise("other", [16, 16]));
  setTimeout(() => controller.abort(reason), 50);
  assert.is(await work.catch((error) => error), reason);
  assert.equal(await others, await tokenizer.encode(noise("other", [16, 16])));
  assert.is(
    await tokenizer.encode(image, { signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  );
});

test("tokens that are not the model's are refused", async () => {
  const { codebookSize } = tokenizer;
  const tokens = { grid: [2, 3], codebookSize, data: new Uint32Array(6) } as const;
  const cases: [object, RegExp][] = [
    [{ codebookSize: 2 ** 18 }, /expected a codebookSize of 1024, got 262144; use the model/],
    [{ codebookSize: undefined, bits: 10 }, /got nothing; the field bits is now codebookSize/],
    [{ data: Uint32Array.of(0, 0, 0, codebookSize, 0, 0) }, /tokens below 1024, got 1024 at 3/],
    [{ data: new Uint32Array(5) }, /2×3 = 6 tokens, got 5/],
    [{ data: "000000" }, /a Uint32Array of 2×3 = 6 tokens, got "000000"/],
    [{ data: [0, 0, 0, -1, 0, 0] }, /data: expected whole numbers from 0 to 2\^32 − 1, got -1 at 3/],
    [{ grid: [2, 0], data: new Uint32Array() }, /a grid of rows and columns, got \[2,0\]/],
    [{ grid: undefined }, /a grid of rows and columns, got nothing/],
    [{ grid: [6] }, /a grid of rows and columns/],
    [{ grid: [1, 1], data: new Uint32Array(1) }, /at least two tokens/],
    [{ size: { width: 1, height: 1 } }, /a size that 3×2 tokens cover/],
  ];
  for (const [change, message] of cases) {
    const error = await thrown(ArgumentError, () => tokenizer.decode({ ...tokens, ...change }));
    assert.match(error.message, message);
  }
});

test("tensors of other shapes and values are refused", async () => {
  const { factor, codebookSize, config: { zChannels } } = tokenizer;
  const bytes = f32Tensor([1, 3, 16, 16], new Float32Array(768).fill(255));
  const cases: [() => Promise<unknown>, RegExp][] = [
    [
      () => tokenizer.encodeTensor(f32Tensor([1, 3, factor + 1, factor])),
      /multiples of 2, got f32 \[1,3,3,2\]; pad the images by imagesToTensor\(images, \{ factor: 2 \}\)$/,
    ],
    [() => tokenizer.encodeTensor(f32Tensor([3, 16, 16])), /f32 NCHW \[N,3,H,W\] in \[−1,1\]/],
    [() => tokenizer.encodeTensor(f32Tensor([0, 3, 16, 16])), /f32 NCHW \[N,3,H,W\] in \[−1,1\]/],
    [() => tokenizer.decodeTensor(u32Tensor([4, 4])), /u32 NHW \[N,h,w\]/],
    [() => tokenizer.decodeTensor(u32Tensor([1, 1, 1])), /at least two tokens/],
    [() => tokenizer.decodeTensor(u32Tensor([1, 1, 2], Uint32Array.of(0, codebookSize))), /tokens below/],
    [
      () => tokenizer.decodeTensor(f32Tensor([1, zChannels + 1, 2, 2])),
      /\[N,10,h,w\], got f32 \[1,11,2,2\]$/,
    ],
    [() => tokenizer.decodeTensor(f32Tensor([1, 2, 2, zChannels])), /NHWC, .*; give it to nhwcToNchw first$/],
    [() => tokenizer.encodeTensor(bytes), /got 255 at 0; divide bytes by 127.5 and subtract 1/],
    [() => tokenizer.encodeTensor(nchwToNhwc(bytes)), /got NHWC, f32 \[1,16,16,3\]; give it to nhwcToNchw/],
    [() => tokenizer.decodeTensor(f32Tensor([1, zChannels, 2, 2])), /values of 1 or −1, got 0 at 0/],
  ];
  for (const [work, message] of cases) assert.match((await thrown(ArgumentError, work)).message, message);
});

test("NaN never passes: neither in a weight nor in a result", async () => {
  const { config, source } = hashedModel(golden);
  const broken = {
    shapes: source.shapes,
    read: async (name: string) => {
      const values = await source.read(name);
      if (name === "decoder.conv_out.bias") values[1] = NaN;
      return values;
    },
  };
  const error = await thrown(NumericError, () => Tokenizer.fromWeights({ config, source: broken }));
  assert.match(error.message, /decoder\.conv_out\.bias/);
  const x = f32Tensor([1, 3, 16, 16]);
  x.data[5] = Infinity;
  await thrown(NumericError, () => tokenizer.encodeTensor(x));
});

test("says how far loading is; aborting and wrong options end it", async () => {
  const model = hashedModel(golden);
  const seen: number[] = [];
  let total = 0;
  await using other = await Tokenizer.fromWeights(model, {
    backend: "reference",
    onProgress: (progress) => {
      seen.push(progress.loaded);
      total = progress.total;
    },
  });
  assert.is(other.backend, "reference");
  const bytes = [...model.source.shapes.values()].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  assert.is(total, bytes);
  assert.is(seen.length, model.source.shapes.size);
  assert.ok(seen.every((loaded, i) => loaded > (seen[i - 1] ?? 0)));
  assert.is(seen.at(-1), bytes);

  const controller = new AbortController(), reason = new Error("enough");
  const loading = Tokenizer.fromWeights(model, {
    backend: "wasm",
    signal: controller.signal,
    onProgress: ({ loaded, total }) => loaded > total / 3 && controller.abort(reason),
  });
  assert.is(await loading.catch((error) => error), reason);
  await thrown(ArgumentError, () => Tokenizer.fromWeights(model, { backend: "cuda" as "wasm" }));
  await thrown(ArgumentError, () => Tokenizer.fromWeights(model, { threads: 0 }));
});

test("disposing waits for the calls under way; later ones are refused", async () => {
  const other = await Tokenizer.fromWeights(hashedModel(golden), { threads: 1 });
  const image = noise("last", [64, 64]);
  const expected = await tokenizer.reconstruct([image, image]);
  const under = other.reconstruct([image, image]);
  await Promise.all([other[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  assert.equal(await under, expected);
  assert.match((await thrown(BackendError, () => other.encode(image))).message, /Cannot encode: .*disposed/);
});

test.run();
