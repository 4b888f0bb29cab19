import type { Device } from "./live_device.ts";

/**
 * A range of bytes on a device: one buffer, or several of `stride` bytes if it exceeds the size limit of a buffer. Only
 * the last may be shorter.
 */
export interface Memory {
  readonly buffers: readonly GPUBuffer[];
  readonly stride: number;
  readonly bytes: number;
}

/** A part of one buffer. */
export interface Piece {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** A copy from buffer to buffer. */
export interface Copy {
  readonly from: GPUBuffer;
  readonly fromOffset: number;
  readonly to: GPUBuffer;
  readonly toOffset: number;
  readonly bytes: number;
}

/** Memory of zeros, of at least 16 bytes. Call it within `Device.checked`. */
export function createMemory(device: Device, bytes: number, usage: GPUBufferUsageFlags): Memory {
  const stride = device.maxBufferBytes, total = Math.max(16, Math.ceil(bytes / 16) * 16);
  const buffers: GPUBuffer[] = [];
  for (let at = 0; at < total; at += stride) {
    buffers.push(device.createBuffer(Math.min(stride, total - at), usage));
  }
  return { buffers, stride, bytes: total };
}

/** Frees memory of `createMemory`; more than once does nothing. */
export function destroyMemory(device: Device, memory: Memory | undefined): void {
  for (const buffer of memory?.buffers ?? []) device.destroyBuffer(buffer);
}

/** The pieces of `bytes` from `offset` on, each in one buffer and of at most `limit` bytes. */
export function piecesOf(
  { buffers, stride }: Memory,
  { offset, bytes, limit = Infinity }: { offset: number; bytes: number; limit?: number },
): Piece[] {
  const pieces: Piece[] = [];
  for (let at = offset; at < offset + bytes;) {
    const within = at % stride, size = Math.min(limit, stride - within, offset + bytes - at);
    pieces.push({ buffer: buffers[Math.floor(at / stride)]!, offset: within, bytes: size });
    at += size;
  }
  return pieces;
}

/** Writes `data` from `offset` on, in the order of the submits. */
export function writeMemory(device: Device, memory: Memory, { offset, data }: {
  offset: number;
  data: ArrayBufferView;
}): void {
  writePieces(device, piecesOf(memory, { offset, bytes: data.byteLength }), data);
}

/** Writes `data` into the beginning of pieces. */
export function writePieces(device: Device, pieces: readonly Piece[], data: ArrayBufferView): void {
  let done = 0;
  for (const { buffer, offset, bytes } of pieces) {
    const size = Math.min(bytes, data.byteLength - done);
    device.write(buffer, offset, new Uint8Array(data.buffer, data.byteOffset + done, size));
    done += size;
  }
}

/** The copies of `bytes` from pieces to pieces. */
export function copiesOf(from: readonly Piece[], to: readonly Piece[], bytes: number): Copy[] {
  const copies: Copy[] = [];
  let [i, j, source, target] = [0, 0, 0, 0];
  for (let left = bytes; left > 0;) {
    const size = Math.min(left, from[i]!.bytes - source, to[j]!.bytes - target);
    copies.push({
      ...{ from: from[i]!.buffer, fromOffset: from[i]!.offset + source },
      ...{ to: to[j]!.buffer, toOffset: to[j]!.offset + target, bytes: size },
    });
    left -= size;
    if ((source += size) === from[i]!.bytes) [i, source] = [i + 1, 0];
    if ((target += size) === to[j]!.bytes) [j, target] = [j + 1, 0];
  }
  return copies;
}
