import { openSource } from "../io/open_source.ts";
import { windowed } from "../io/windowed.ts";
import { CheckpointError, DataError, ImageError } from "../tensor/errors.ts";
import { checkedLabels, classNumbers } from "./labels.ts";
import type { ImageSource } from "./source.ts";
import { readTar, type TarMember } from "./tar.ts";

const images = ["jpg", "jpeg", "png", "webp"];
/** The longest label: a number, or a line of JSON. */
const maxLabelBytes = 2 ** 20;
/** The largest file of an image. */
const maxImageBytes = 2 ** 29;

/** Where an image's file is. */
interface Place {
  readonly shard: number;
  readonly key: string;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * WebDataset shards: tars in which files of one name up to its first dot make a sample, an image (`.jpg`, `.jpeg`, `.png`,
 * `.webp`) and its class as a number in `.cls`, or as `label` or `cls` in `.json`; what else there is does not count. Headers
 * are read once, then each image by its place. Shards count in the order of `paths`.
 *
 * Throws `DataError` where a shard is damaged or cannot be read, where there are no images, two in one sample, or labels
 * for some alone, and for labels that are no numbers.
 */
export async function openTars(
  paths: readonly string[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<ImageSource> {
  const places: Place[] = [], labels: number[] = [];
  const name = paths.length === 1 ? paths[0]! : `${paths[0]} and ${paths.length - 1} more`;
  for (const [shard, path] of paths.entries()) {
    signal?.throwIfAborted();
    for (const sample of await samplesOf(path)) {
      const { image, key } = sample;
      places.push({ shard, key, offset: image.offset, bytes: image.bytes });
      if (sample.label !== undefined) labels.push(sample.label);
      if (labels.length !== 0 && labels.length !== places.length) {
        throw new DataError(`Cannot take the labels of ${path}`, {
          expected: "one for every image, or none at all",
          got: `${labels.length} for the first ${places.length}, up to ${key}`,
        });
      }
    }
  }
  if (places.length === 0) {
    throw new DataError(`Cannot take images from ${name}`, {
      expected: "JPEG, PNG or WebP files in the tar",
      got: "none",
    });
  }
  const checked = labels.length > 0 ? checkedLabels(labels, { length: places.length, name }) : undefined;
  return {
    name,
    length: places.length,
    labels: checked,
    classes: classNumbers(checked),
    nameOf: (index) => `${paths[places[index]!.shard]}: ${places[index]!.key}`,
    async read(index) {
      const { shard, offset, bytes, key } = places[index]!;
      if (bytes > maxImageBytes) {
        throw new ImageError(`Cannot read the image ${key}`, {
          expected: `at most ${maxImageBytes} bytes`,
          got: `${bytes}`,
        });
      }
      return await reading(paths[shard]!, async (source) => await source.read(offset, bytes));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface Sample {
  readonly key: string;
  readonly image: TarMember;
  readonly label?: number;
}

/** Opens a shard for as long as `read` takes: thousands of them cannot stay open. */
async function reading<Result>(
  path: string,
  read: (source: Awaited<ReturnType<typeof openSource>>) => Promise<Result>,
): Promise<Result> {
  try {
    await using source = await openSource(path);
    return await read(source);
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    const { subject, expected, got, hint } = cause;
    throw new DataError(subject, { expected, got, hint, cause });
  }
}

/** The samples of a shard that have an image. */
async function samplesOf(path: string): Promise<Sample[]> {
  return await reading(path, async (source) => {
    const samples: Sample[] = [];
    let key = "", image: TarMember | undefined, label: number | undefined;
    const finish = () => {
      if (image) samples.push({ key, image, label });
      image = label = undefined;
    };
    const near = windowed(source);
    for await (const member of readTar(source, near)) {
      const [, stem = member.name, extension = ""] = /^((?:.*\/)?[^./]+)\.([^/]*)$/.exec(member.name) ?? [];
      if (stem !== key) finish();
      key = stem;
      const kind = extension.toLowerCase();
      if (images.includes(kind)) {
        if (image) {
          throw new DataError(`Cannot read ${path}`, {
            expected: "one image a sample",
            got: `${image.name} and ${member.name}`,
          });
        }
        image = member;
      } else if (kind === "cls" || kind === "json") {
        const text = new TextDecoder().decode(
          await near.read(member.offset, Math.min(member.bytes, maxLabelBytes)),
        );
        const found = kind === "cls" ? plainLabel(text) : jsonLabel(text);
        if (Number.isNaN(found)) {
          throw new DataError(`Cannot take the labels of ${path}: ${member.name}`, {
            expected: "a whole number",
            got: JSON.stringify(text.slice(0, 40)),
          });
        }
        // Where there are both, the plain number counts.
        if (kind === "cls" || label === undefined) label = found ?? label;
      }
    }
    finish();
    return samples;
  });
}

function plainLabel(text: string): number {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
}

/** The label in the JSON of a sample, if it has one; NaN where it is no number. */
function jsonLabel(text: string): number | undefined {
  try {
    const { label, cls } = JSON.parse(text) ?? {};
    const value = label ?? cls;
    return value === undefined || value === null ? undefined : Number.isSafeInteger(value) ? value : NaN;
  } catch {
    return NaN;
  }
}
