import { nchwToNhwc, nhwcToNchw } from "../image/pixels.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { type HostTensor, tensorOf } from "../tensor/tensor.ts";

/** Values of images are about [−1,1]; those of bytes, which are given by mistake, are far beyond. */
const farBeyond = 4;

/**
 * The tensor of images that an encoder is given, f32 NCHW with sides that are multiples of `factor`; of films NCTHW. Throws
 * `ArgumentError` for another, which says what to do with one of another layout or size, or with bytes.
 */
export function takeImages(
  value: unknown,
  { channels, factor, isFilm }: { channels: number; factor: number; isFilm: boolean },
): HostTensor<"f32"> {
  const subject = "Cannot encode the tensor", axes = isFilm ? "T,H,W" : "H,W";
  const expected = `f32 NC${
    axes.replaceAll(",", "")
  } [N,${channels},${axes}] in [−1,1] with H and W multiples of ${factor}`;
  const tensor = tensorOf(value, subject, expected), { shape } = tensor, [height, width] = shape.slice(-2);
  if (!isCodes(tensor) || !isFull(shape, isFilm ? 5 : 4) || shape[1] !== channels) {
    throw misfit(tensor, { subject, expected, channels });
  }
  if (height! % factor !== 0 || width! % factor !== 0) {
    const hint = `pad the images by imagesToTensor(images, { factor: ${factor} })`;
    throw new ArgumentError(subject, { expected, got: nameOf(tensor), hint });
  }
  const far = tensor.data.findIndex((x) => Number.isFinite(x) && Math.abs(x) > farBeyond);
  if (far < 0) return tensor;
  const hint = "divide bytes by 127.5 and subtract 1, as imagesToTensor does";
  throw new ArgumentError(subject, { expected, got: `${tensor.data[far]} at ${far}`, hint });
}

/** The tensor that a decoder is given: tokens, or codes of `bits` channels. Throws `ArgumentError` for another. */
export function takeTokensOrCodes(
  value: unknown,
  { bits, isFilm }: { bits: number; isFilm: boolean },
): HostTensor<"u32"> | HostTensor<"f32"> {
  const subject = "Cannot decode the tensor", axes = isFilm ? 3 : 2;
  const expected = isFilm
    ? `tokens u32 NTHW [N,t,h,w] or codes f32 NCTHW [N,${bits},t,h,w]`
    : `tokens u32 NHW [N,h,w] or codes f32 NCHW [N,${bits},h,w]`;
  const tensor = tensorOf(value, subject, expected), { shape } = tensor;
  const fits = isCodes(tensor) ? isFull(shape, axes + 2) && shape[1] === bits : isFull(shape, axes + 1);
  if (!fits) throw misfit(tensor, { subject, expected, channels: bits });
  return tensor as HostTensor<"u32"> | HostTensor<"f32">;
}

/** Whether a tensor is f32, as codes and images are. */
export function isCodes(tensor: HostTensor): tensor is HostTensor<"f32"> {
  return tensor.dtype === "f32";
}

/** `[N,C,…]` → `[N,…,C]`. */
export function channelsLast(x: HostTensor<"f32">): HostTensor<"f32"> {
  const [n, c, ...axes] = x.shape as [number, number, ...number[]], width = axes.at(-1)!;
  const flat = { ...x, shape: [n, c, sizeOf(axes.slice(0, -1)), width] };
  return { ...nchwToNhwc(flat), shape: [n, ...axes, c] };
}

/** `[N,…,C]` → `[N,C,…]`. */
export function channelsFirst(x: HostTensor<"f32">): HostTensor<"f32"> {
  const [n, ...axes] = x.shape as [number, ...number[]], c = axes.pop()!, width = axes.at(-1)!;
  const flat = { ...x, shape: [n, sizeOf(axes.slice(0, -1)), width, c] };
  return { ...nhwcToNchw(flat), shape: [n, c, ...axes] };
}

function misfit(
  tensor: HostTensor,
  { subject, expected, channels }: { subject: string; expected: string; channels: number },
): ArgumentError {
  const isLast = isCodes(tensor) && isFull(tensor.shape, 4) && tensor.shape[3] === channels;
  return new ArgumentError(subject, {
    expected,
    got: `${isLast ? "NHWC, " : ""}${nameOf(tensor)}`,
    hint: isLast ? "give it to nhwcToNchw first" : undefined,
  });
}

function nameOf({ dtype, shape }: HostTensor): string {
  return `${dtype} ${formatShape(shape)}`;
}

/** Whether a shape has `axes` axes, none of them empty. */
function isFull(shape: Shape, axes: number): boolean {
  return shape.length === axes && shape.every((length) => length > 0);
}
