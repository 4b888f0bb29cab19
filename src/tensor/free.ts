/**
 * Frees the memory of an array before garbage collection, if the engine supports it. The array is empty afterwards.
 * Must not be used for memory that is shared or viewed elsewhere.
 */
export function free({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}
