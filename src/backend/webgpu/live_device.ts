import { BackendError } from "../../tensor/errors.ts";
import { isSoftware } from "./adapter.ts";
import type { Counters } from "./counters.ts";

/** A device from its opening to its end, and its buffers. */
export class Device {
  readonly device: GPUDevice;
  readonly counters: Counters;
  readonly software: boolean;
  /** Whether kernels can read and write f16. */
  readonly f16: boolean;
  /** Offsets of bindings are multiples of this. */
  readonly align: number;
  /** The most that one binding shows and that one buffer holds; pieces of memory begin at multiples of `align`. */
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  /** Why the device is gone, if it is. */
  lost: string | undefined;
  readonly #waiting: Set<(error: BackendError) => void> = new Set();
  readonly #sizes: Map<GPUBuffer, number> = new Map();

  constructor(
    device: GPUDevice,
    { counters, limits }: {
      counters: Counters;
      limits?: { readonly binding: number; readonly buffer: number };
    },
  ) {
    this.device = device;
    this.counters = counters;
    this.software = isSoftware(device.adapterInfo);
    this.f16 = device.features.has("shader-f16");
    this.align = Math.max(256, device.limits.minStorageBufferOffsetAlignment);
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    const whole = (bytes: number) => Math.floor(bytes / this.align) * this.align;
    this.maxBindingBytes = whole(Math.min(limits?.binding ?? Infinity, maxStorageBufferBindingSize));
    this.maxBufferBytes = whole(Math.min(limits?.buffer ?? Infinity, maxBufferSize));
    device.lost.then(({ message, reason }) => this.#end(message || reason || "no reason given"));
  }

  /** Does synchronous work and asks what the device says to it. Throws `BackendError`; `action` completes "Cannot …". */
  async checked<T>(action: string, work: () => T): Promise<T> {
    this.check(action);
    const kinds = ["internal", "out-of-memory", "validation"] as const;
    for (const kind of kinds) this.device.pushErrorScope(kind);
    let result: T;
    const errors: Promise<GPUError | null>[] = [];
    try {
      result = work();
    } finally {
      for (const _ of kinds) errors.push(this.device.popErrorScope());
    }
    const [invalid, memory, internal] = await this.orLost(action, Promise.all(errors));
    if (memory) {
      throw new BackendError(`Cannot ${action}: the GPU's memory does not suffice`, {
        got: memory.message,
        hint: "run fewer or smaller images at once, or use the WASM backend",
      });
    }
    const error = invalid ?? internal;
    if (error) throw new BackendError(`Cannot ${action}: the GPU refused`, { got: error.message });
    return result;
  }

  /** Throws `BackendError` if the device is gone. */
  check(action: string): void {
    if (this.lost !== undefined) throw lossOf(action, this.lost);
  }

  /** What `promise` gives, or the device's loss, whichever comes first. */
  orLost<T>(action: string, promise: Promise<T>): Promise<T> {
    if (this.lost !== undefined) {
      promise.catch(() => {});
      return Promise.reject(lossOf(action, this.lost));
    }
    // One promise for all would keep every waiter that there ever was.
    const { promise: result, resolve, reject } = Promise.withResolvers<T>();
    const leave = () => reject(lossOf(action, this.lost!));
    this.#waiting.add(leave);
    promise.then(resolve, (error) => {
      // A pending call may fail before the loss itself is reported.
      if (this.lost !== undefined) leave();
      else reject(error);
    }).finally(() => this.#waiting.delete(leave));
    return result;
  }

  /** A buffer of `bytes`, rounded up to a multiple of 16. At most `maxBufferBytes`, see `createMemory`. */
  createBuffer(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const buffer = this.device.createBuffer({ size, usage });
    this.#sizes.set(buffer, size);
    this.counters.buffers++;
    this.counters.bufferBytes += size;
    return buffer;
  }

  /** Writes `data` into a buffer, in the order of the submits. */
  write(buffer: GPUBuffer, offset: number, data: ArrayBufferView): void {
    if (data.byteLength === 0) return;
    this.device.queue.writeBuffer(buffer, offset, data as ArrayBufferView<ArrayBuffer>);
    this.counters.bytesWritten += data.byteLength;
  }

  /** Frees a buffer of `createBuffer`; more than once does nothing. */
  destroyBuffer(buffer: GPUBuffer | undefined): void {
    const size = buffer && this.#sizes.get(buffer);
    if (size === undefined) return;
    this.#sizes.delete(buffer!);
    this.counters.buffers--;
    this.counters.bufferBytes -= size;
    buffer!.destroy();
  }

  /** Frees all buffers, and nothing else: the device may be another's. */
  destroyBuffers(): void {
    for (const buffer of [...this.#sizes.keys()]) this.destroyBuffer(buffer);
  }

  #end(reason: string): void {
    this.lost = reason;
    this.destroyBuffers();
    for (const leave of [...this.#waiting]) leave(lossOf("", reason));
    this.#waiting.clear();
  }
}

function lossOf(action: string, reason: string): BackendError {
  return new BackendError(`Cannot ${action}: the GPU device was lost`, {
    got: reason,
    hint: "try again: the next run opens a new device",
  });
}
