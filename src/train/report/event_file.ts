import type { FileHandle } from "node:fs/promises";
import { writeAll } from "../../io/atomic.ts";
import { files } from "../../io/host.ts";
import { reasonOf } from "../../io/reason.ts";
import { encodeImage } from "../../image/encode.ts";
import type { Image } from "../../image/image.ts";
import { FileError } from "../../tensor/errors.ts";
import { crc32c } from "./crc32c.ts";
import { concat } from "../../io/concat.ts";
import { bytes, double, type Fields, float, integer } from "../../io/protobuf.ts";

/** The numbers of fields in TensorFlow's `event.proto` and `summary.proto`. */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 };
const summary = { value: 1 };
const value = { tag: 1, simpleValue: 2, image: 4 };
const image = { height: 1, width: 2, colorspace: 3, encoded: 4 };
const sessionLog = { status: 1 };
/** `SessionLog.START`: what other files hold of this step and later ones is void. */
const started = 1;
const rgb = 3;

/**
 * A file of events that TensorBoard reads: numbers and images by step. Each opening begins a file of its own, and
 * TensorBoard reads all that a folder has, in the order of their names. Disposing closes it.
 */
export class EventFile implements AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  readonly #file: FileHandle;
  readonly #now: () => number;

  private constructor(path: string, file: FileHandle, now: () => number) {
    this.path = path;
    this.#file = file;
    this.#now = now;
  }

  /**
   * Begins a file in `folder` for a run of which `step` steps are done; what earlier files say of later steps no longer
   * counts. `now` gives the time in seconds. Throws `FileError` where it cannot be written.
   */
  static async open(
    folder: string,
    { step, now = () => Date.now() / 1000 }: { step: number; now?: () => number },
  ): Promise<EventFile> {
    const time = now();
    // Names sort by time; two within a second must not collide.
    const path = `${folder}/events.out.tfevents.${time.toFixed(3).replace(".", "")}.voken`;
    const file = await attempt(path, () => files().open(path, "wx"));
    const events = new EventFile(path, file, () => Math.max(time, now()));
    await events.#write([bytes(event.fileVersion, "brain.Event:2")]);
    await events.#write([
      integer(event.step, step),
      bytes(event.sessionLog, [integer(sessionLog.status, started)]),
    ]);
    return events;
  }

  /** Adds numbers by name. Throws `FileError` where the file system refuses. */
  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    const all = Object.entries(values).map(([tag, number]) =>
      bytes(summary.value, [bytes(value.tag, tag), float(value.simpleValue, number)])
    );
    await this.#write([integer(event.step, step), bytes(event.summary, all)]);
  }

  /** Adds an image. Throws `FileError` where the file system refuses. */
  async image(step: number, tag: string, pixels: Image): Promise<void> {
    const content = [
      integer(image.height, pixels.height),
      integer(image.width, pixels.width),
      integer(image.colorspace, rgb),
      bytes(image.encoded, await encodeImage(pixels)),
    ];
    const one = bytes(summary.value, [bytes(value.tag, tag), bytes(value.image, content)]);
    await this.#write([integer(event.step, step), bytes(event.summary, [one])]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(fields: Fields): Promise<void> {
    const data = concat([double(event.wallTime, this.#now()), ...fields]);
    await attempt(this.path, () => writeAll(this.#file, record(data)));
  }
}

/** A record of TensorFlow's files: length in 8 bytes and its checksum, data and theirs. */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

/** A checksum of data that hold checksums themselves would be weak, so that they are stored turned and shifted. */
function masked(checksum: number): number {
  return ((checksum >>> 15 | checksum << 17) + 0xa282ead8) >>> 0;
}

async function attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new FileError(`Cannot write ${path}`, { got: reasonOf(cause), cause });
  }
}
