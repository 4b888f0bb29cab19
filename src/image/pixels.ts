import { unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, type Kind, type Kinds, oneOf, record, wholeNumber } from "../tensor/options.ts";
import { formatShape } from "../tensor/shape.ts";
import { f32Tensor, type HostTensor, tensorOf } from "../tensor/tensor.ts";
import { checkSide, checkSize, createImage, type Image, takeImage } from "./image.ts";

/** The position of an image in a padded frame. */
export interface Padding {
  /** Size of the frame in pixels. */
  width: number;
  height: number;
  /** Columns left of the image. */
  left: number;
  /** Rows above the image. */
  top: number;
}

/** The value of each byte in a tensor: `u / 127.5 − 1`, in float32. */
const fromByte: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1);

/**
 * The frame whose sides are the next multiples of `factor`, with the image in its centre. The smaller half of an odd
 * margin is at the top and left. Throws `ArgumentError` if `factor` or a side is not a positive integer.
 */
export function paddingTo(size: { width: number; height: number }, factor: number): Padding {
  checkSide(factor, "pad the image: factor");
  checkSide(size.width, "pad the image: width");
  checkSide(size.height, "pad the image: height");
  const width = Math.ceil(size.width / factor) * factor, height = Math.ceil(size.height / factor) * factor;
  return { width, height, left: (width - size.width) >> 1, top: (height - size.height) >> 1 };
}

/** The order of a tensor's axes: channels before rows and columns, as in PyTorch, or behind them, as graphs have it. */
export type Layout = "NCHW" | "NHWC";

/** How `imagesToTensor` writes images. */
export interface ImagesToTensorOptions {
  /** Sides become multiples of it, by a frame of zeros; default 1, no frame. */
  factor?: number;
  /** Default `NCHW`, which `Tokenizer.encodeTensor` takes; training steps take `NHWC`. */
  layout?: Layout;
  /** An array of at least as many elements as the tensor has, to whose beginning it is written. */
  into?: Float32Array;
}

const layoutKind = oneOf(["NCHW", "NHWC"]);
const intoKind: Kind = { expected: "a Float32Array", fits: (value) => value instanceof Float32Array };
const toTensorKinds: Kinds<ImagesToTensorOptions> = {
  factor: wholeNumber(1),
  layout: layoutKind,
  into: intoKind,
};

/** The steps from a pixel to the next, and from a channel to the next, in planes of `size` pixels. */
function stepsOf(layout: Layout, size: number): { pixel: number; channel: number } {
  return layout === "NCHW" ? { pixel: 1, channel: size } : { pixel: 3, channel: 1 };
}

/**
 * Converts images of one size to an f32 tensor `[N,3,H,W]` in [−1, 1], or `[N,H,W,3]` with `layout`. Each image is centred
 * in a frame of zeros whose sides are multiples of `factor`.
 *
 * Throws `ArgumentError` for a wrong option, if there is no image, the sizes differ, or `into` is too short.
 */
export function imagesToTensor(
  images: readonly Image[],
  options: ImagesToTensorOptions = {},
): HostTensor<"f32"> {
  checkOptions(options, toTensorKinds, "batch the images");
  const { factor = 1, layout = "NCHW", into } = options;
  if (!Array.isArray(images) || images.length === 0) {
    throw unfit("Cannot batch the images: images", "a list of at least one image", images);
  }
  const all = Array.from(images, (image) => takeImage(image, "batch the images")), [first] = all as [Image];
  const { width, height, left, top } = paddingTo(first, factor);
  const frame = width * height * 3, { pixel, channel } = stepsOf(layout, width * height);
  const data = destination(into, images.length * frame);
  if (into && (width !== first.width || height !== first.height)) data.fill(0);
  all.forEach((image, n) => {
    if (image.width !== first.width || image.height !== first.height) {
      throw new ArgumentError("Cannot batch the images", {
        expected: `images of ${first.width}×${first.height} like the first`,
        got: `${image.width}×${image.height} at ${n}`,
        hint: "resize and crop the images to one size",
      });
    }
    for (let y = 0, from = 0; y < image.height; y++) {
      let to = n * frame + ((top + y) * width + left) * pixel;
      for (const end = to + image.width * pixel; to < end; to += pixel, from += 3) {
        data[to] = fromByte[image.data[from]!]!;
        data[to + channel] = fromByte[image.data[from + 1]!]!;
        data[to + 2 * channel] = fromByte[image.data[from + 2]!]!;
      }
    }
  });
  const shape = layout === "NCHW" ? [3, height, width] : [height, width, 3];
  return f32Tensor([images.length, ...shape], data);
}

/** How `tensorToImages` reads images. */
export interface TensorToImagesOptions {
  /** The order of the tensor's axes; default `NCHW`, which `Tokenizer.decodeTensor` gives. */
  layout?: Layout;
  /** The size of the images before `imagesToTensor` padded them: this part is cropped from the centre. */
  crop?: { width: number; height: number };
}

const toImagesKinds: Kinds<TensorToImagesOptions> = { layout: layoutKind, crop: record };

/**
 * Converts an f32 tensor `[N,3,H,W]`, or `[N,H,W,3]` with `layout`, to images. Each value is clamped to [−1, 1] and becomes
 * `(x + 1) / 2 · 255`, truncated; NaN becomes 0.
 *
 * Throws `ArgumentError` for a wrong option, if the shape is different or `crop` is too large.
 */
export function tensorToImages(tensor: HostTensor<"f32">, options: TensorToImagesOptions = {}): Image[] {
  const action = "convert a tensor to images";
  checkOptions(options, toImagesKinds, action);
  const { layout = "NCHW", crop } = options;
  const { n, height, width, data } = takeImagesTensor(tensor, { action, layout });
  const size = crop ?? { width, height };
  checkSize(size, `${action}: crop`);
  if (!(size.width <= width && size.height <= height)) {
    throw new ArgumentError(`Cannot ${action}: crop`, {
      expected: `a size of at most ${width}×${height}`,
      got: `${size.width}×${size.height}`,
    });
  }
  const left = (width - size.width) >> 1, top = (height - size.height) >> 1;
  const { pixel, channel } = stepsOf(layout, width * height);
  return Array.from({ length: n }, (_, i) => {
    const image = createImage(size);
    for (let y = 0, to = 0; y < size.height; y++) {
      let from = i * height * width * 3 + ((top + y) * width + left) * pixel;
      for (const end = from + size.width * pixel; from < end; from += pixel, to += 3) {
        image.data[to] = toByte(data[from]!);
        image.data[to + 1] = toByte(data[from + channel]!);
        image.data[to + 2] = toByte(data[from + 2 * channel]!);
      }
    }
    return image;
  });
}

/** The parts of a tensor of images. Throws `ArgumentError` for another, which says so where it is of the other layout. */
function takeImagesTensor(
  value: unknown,
  { action, layout }: { action: string; layout: Layout },
): { n: number; height: number; width: number; data: Float32Array } {
  const isFirst = layout === "NCHW", expected = `f32 ${layout} ${isFirst ? "[N,3,H,W]" : "[N,H,W,3]"}`;
  const { dtype, shape, data } = tensorOf(value, `Cannot ${action}`, expected);
  const [n, height, width, channels] = isFirst ? [shape[0], shape[2], shape[3], shape[1]] : shape;
  if (dtype === "f32" && shape.length === 4 && channels === 3) {
    return { n: n!, height: height!, width: width!, data: data as Float32Array };
  }
  throw new ArgumentError(`Cannot ${action}`, {
    expected,
    got: `${dtype} ${formatShape(shape)}`,
    hint: shape[isFirst ? 3 : 1] === 3 ? `give layout: "${isFirst ? "NHWC" : "NCHW"}"` : undefined,
  });
}

/** Converts a value to a byte. Each step is rounded to float32, as in the reference implementation. */
function toByte(value: number): number {
  const clamped = Math.min(Math.max(value, -1), 1);
  return Math.trunc(Math.fround(Math.fround(Math.fround(clamped + 1) / 2) * 255));
}

/**
 * Transposes `[N, C, H, W]` to `[N, H, W, C]`. With `into`, the result is written to that array.
 * Throws `ArgumentError` if the tensor does not have four axes or `into` is too short.
 */
export function nchwToNhwc(
  tensor: HostTensor<"f32">,
  options: { into?: Float32Array } = {},
): HostTensor<"f32"> {
  const { axes: [n, c, h, w], data: source, into } = takeFour(tensor, options);
  const data = swapInner(source, { batch: n, rows: c, columns: h * w, into });
  return f32Tensor([n, h, w, c], data);
}

/**
 * Transposes `[N, H, W, C]` to `[N, C, H, W]`. With `into`, the result is written to that array.
 * Throws `ArgumentError` if the tensor does not have four axes or `into` is too short.
 */
export function nhwcToNchw(
  tensor: HostTensor<"f32">,
  options: { into?: Float32Array } = {},
): HostTensor<"f32"> {
  const { axes: [n, h, w, c], data: source, into } = takeFour(tensor, options);
  const data = swapInner(source, { batch: n, rows: h * w, columns: c, into });
  return f32Tensor([n, c, h, w], data);
}

/** Transposes each of `batch` matrices `rows` × `columns`. */
function swapInner(
  source: Float32Array,
  { batch, rows, columns, into }: { batch: number; rows: number; columns: number; into?: Float32Array },
): Float32Array {
  const size = rows * columns;
  const out = destination(into, batch * size);
  for (let n = 0; n < batch; n++) {
    for (let row = 0, from = n * size; row < rows; row++) {
      for (let column = 0, to = n * size + row; column < columns; column++, from++, to += rows) {
        out[to] = source[from]!;
      }
    }
  }
  return out;
}

function takeFour(
  tensor: HostTensor<"f32">,
  options: { into?: Float32Array },
): { axes: readonly [number, number, number, number]; data: Float32Array; into?: Float32Array } {
  const subject = "Cannot reorder the axes of a tensor", expected = "f32 of four axes";
  checkOptions(options, { into: intoKind }, "reorder the axes of a tensor");
  const { dtype, shape, data } = tensorOf(tensor, subject, expected);
  if (dtype !== "f32" || shape.length !== 4) {
    throw new ArgumentError(subject, { expected, got: `${dtype} ${formatShape(shape)}` });
  }
  return {
    axes: shape as unknown as readonly [number, number, number, number],
    data: data as Float32Array,
    ...options,
  };
}

function destination(into: Float32Array | undefined, length: number): Float32Array {
  if (!into) return new Float32Array(length);
  if (into.length >= length) return into.subarray(0, length);
  throw new ArgumentError("Cannot write into the given array: into", {
    expected: `at least ${length} elements`,
    got: `${into.length}`,
  });
}
