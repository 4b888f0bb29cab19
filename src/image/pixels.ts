import { ArgumentError } from "../tensor/errors.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { f32Tensor } from "../tensor/tensor.ts";
import type { Image } from "./image.ts";
import { checkImage, checkSide, createImage } from "./image.ts";

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

/**
 * Converts images of one size to an f32 tensor `[N, H, W, 3]` in [−1, 1]. Each image is centred in a frame of zeros whose
 * sides are multiples of `factor` (default 1: no padding).
 *
 * With `into`, an array of at least `N · H · W · 3` elements, the result is written to its beginning.
 * Throws `ArgumentError` if there is no image, the sizes differ, or `into` is too short.
 */
export function imagesToTensor(
  images: readonly Image[],
  { factor = 1, into }: { factor?: number; into?: Float32Array } = {},
): HostTensor<"f32"> {
  const [first] = images;
  if (!first) {
    throw new ArgumentError("Cannot batch the images", { expected: "at least one image", got: "none" });
  }
  const { width, height, left, top } = paddingTo(first, factor);
  const frame = width * height * 3;
  const data = destination(into, images.length * frame);
  if (into && (width !== first.width || height !== first.height)) data.fill(0);
  images.forEach((image, n) => {
    checkImage(image, "batch the images");
    if (image.width !== first.width || image.height !== first.height) {
      throw new ArgumentError("Cannot batch the images", {
        expected: `images of ${first.width}×${first.height} like the first`,
        got: `${image.width}×${image.height} at ${n}`,
        hint: "resize and crop the images to one size",
      });
    }
    for (let y = 0, from = 0; y < image.height; y++) {
      let to = n * frame + ((top + y) * width + left) * 3;
      for (const end = to + image.width * 3; to < end; to++, from++) data[to] = fromByte[image.data[from]!]!;
    }
  });
  return f32Tensor([images.length, height, width, 3], data);
}

/**
 * Converts an f32 tensor `[N, H, W, 3]` to images. Each value is clamped to [−1, 1] and becomes `(x + 1) / 2 · 255`,
 * truncated; NaN becomes 0.
 *
 * `crop` is the size of the images before `imagesToTensor` padded them; this part is cropped from the centre.
 * Throws `ArgumentError` if the shape is different or `crop` is too large.
 */
export function tensorToImages(
  tensor: HostTensor<"f32">,
  { crop }: { crop?: { width: number; height: number } } = {},
): Image[] {
  const [count, height, width, channels] = tensor.shape as readonly [number, number, number, number];
  if (tensor.shape.length !== 4 || channels !== 3) {
    throw new ArgumentError("Cannot convert a tensor to images", {
      expected: "the shape [N,H,W,3]",
      got: `[${tensor.shape.join(",")}]`,
    });
  }
  const size = crop ?? { width, height };
  if (!(size.width <= width && size.height <= height)) {
    throw new ArgumentError("Cannot crop the images of a tensor", {
      expected: `a size of at most ${width}×${height}`,
      got: `${size.width}×${size.height}`,
    });
  }
  const left = (width - size.width) >> 1, top = (height - size.height) >> 1;
  return Array.from({ length: count }, (_, n) => {
    const image = createImage(size);
    for (let y = 0, to = 0; y < size.height; y++) {
      let from = ((n * height + top + y) * width + left) * 3;
      for (const end = from + size.width * 3; from < end; from++, to++) {
        image.data[to] = toByte(tensor.data[from]!);
      }
    }
    return image;
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
  { into }: { into?: Float32Array } = {},
): HostTensor<"f32"> {
  const [n, c, h, w] = fourAxes(tensor);
  const data = swapInner(tensor.data, { batch: n, rows: c, columns: h * w, into });
  return f32Tensor([n, h, w, c], data);
}

/**
 * Transposes `[N, H, W, C]` to `[N, C, H, W]`. With `into`, the result is written to that array.
 * Throws `ArgumentError` if the tensor does not have four axes or `into` is too short.
 */
export function nhwcToNchw(
  tensor: HostTensor<"f32">,
  { into }: { into?: Float32Array } = {},
): HostTensor<"f32"> {
  const [n, h, w, c] = fourAxes(tensor);
  const data = swapInner(tensor.data, { batch: n, rows: h * w, columns: c, into });
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

function fourAxes({ shape }: HostTensor<"f32">): readonly [number, number, number, number] {
  if (shape.length === 4) return shape as unknown as readonly [number, number, number, number];
  throw new ArgumentError("Cannot reorder the axes of a tensor", {
    expected: "four axes",
    got: `[${shape.join(",")}]`,
  });
}

function destination(into: Float32Array | undefined, length: number): Float32Array {
  if (!into) return new Float32Array(length);
  if (into.length >= length) return into.subarray(0, length);
  throw new ArgumentError("Cannot write into the given array", {
    expected: `at least ${length} elements`,
    got: `${into.length}`,
  });
}
