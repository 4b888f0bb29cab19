import { type Image, takeImage } from "../image/image.ts";
import { unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";

/** Frames of a window, of which long films are made: the published model was trained on so many. */
export const windowFrames = 17;

/**
 * Cuts the frames of a film into windows, which are encoded each by itself. Throws `ArgumentError` for a frame of another size
 * than the first.
 */
export async function* windowsOf(
  frames: AsyncIterable<Image> | Iterable<Image>,
): AsyncGenerator<Image[], void, undefined> {
  let window: Image[] = [], first: Image | undefined, count = 0;
  const subject = "Cannot encode the film: frames";
  for await (const given of itemsOf(frames, { subject, expected: "images" })) {
    const frame = takeImage(given, "encode the film");
    first ??= frame;
    if (frame.width !== first.width || frame.height !== first.height) {
      throw new ArgumentError(`Cannot encode the film: frame ${count}`, {
        expected: `${first.width}×${first.height} like the first`,
        got: `${frame.width}×${frame.height}`,
        hint: "resize the frames to one size",
      });
    }
    count++;
    if (window.push(frame) < windowFrames) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

/** What comes in a list or stream. Throws `ArgumentError` for something else; `subject` names it. */
export async function* itemsOf<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { subject, expected }: { subject: string; expected: string },
): AsyncGenerator<Item, void, undefined> {
  const given = Object(items);
  if (typeof items === "string" || !(Symbol.asyncIterator in given || Symbol.iterator in given)) {
    throw unfit(subject, `a list or stream of ${expected}`, items);
  }
  yield* items;
}
