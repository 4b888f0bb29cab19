/** Whether `value` is a list all of whose members fit. What is missing in a list with holes is `undefined` and counts. */
export function isListOf(value: unknown, fits: (member: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && Array.from(value).every(fits);
}
