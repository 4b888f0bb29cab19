import { DataError } from "../tensor/errors.ts";

/** Labels above this are no numbers of classes. */
const maxLabel = 2 ** 20 - 1;

/**
 * The labels of `length` images, checked against the number of classes if that is known.
 * Throws `DataError` naming the first one that is not a whole number or is out of range.
 */
export function checkedLabels(
  labels: ArrayLike<number | bigint>,
  { length, classes, name }: { length: number; classes?: number; name: string },
): Uint32Array {
  if (labels.length !== length) {
    throw new DataError(`Cannot take the labels of ${name}`, {
      expected: `one for each of ${length} images`,
      got: `${labels.length}`,
    });
  }
  const most = classes === undefined ? maxLabel : classes - 1;
  return Uint32Array.from({ length }, (_, image) => {
    const label = Number(labels[image]!);
    if (Number.isInteger(label) && label >= 0 && label <= most) return label;
    throw new DataError(`Cannot take the labels of ${name}`, {
      expected: `whole numbers from 0 to ${most}`,
      got: `${labels[image]} for image ${image}`,
    });
  });
}

/** Classes that have no names: their numbers, up to the greatest label. */
export function classNumbers(labels: Uint32Array | undefined): string[] {
  const count = labels ? labels.reduce((most, label) => Math.max(most, label + 1), 0) : 0;
  return Array.from({ length: count }, (_, label) => `${label}`);
}
