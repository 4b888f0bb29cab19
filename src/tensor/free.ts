/**
 * Frees the memory of an array that nobody needs any more, where the engine can do so before its garbage collector. The
 * array is empty from then on. Not for memory that others see.
 */
export function free({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}
