import { openDevice } from "../../src/backend/webgpu/device.ts";
import { BufferUsage, MAP_READ } from "../../src/backend/webgpu/usage.ts";

/** The most queries of a set that WebGPU allows, two a pass. */
const queries = 4096;

/** How long some work took, in seconds: until the host had its end, and on the device, from its first pass to its last. */
export interface Elapsed {
  readonly wall: number;
  /** Missing where the device has no timestamps. */
  readonly device?: number;
}

/**
 * Times work on a device by timestamps around each of its passes, so that the transfers before and after do not count.
 * It records passes by standing in for the device's `createCommandEncoder`, whoever uses that.
 */
export class DeviceTime {
  readonly device: GPUDevice;
  readonly #set: GPUQuerySet | undefined;
  #next = 0;

  constructor(device: GPUDevice) {
    this.device = device;
    // Deno asks the adapter, which it may have collected as garbage when a backend reads this later.
    void device.adapterInfo;
    if (!device.features.has("timestamp-query")) return;
    const set = this.#set = device.createQuerySet({ type: "timestamp", count: queries });
    const create = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = create(descriptor), begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (pass) => {
        if (pass?.timestampWrites || this.#next + 2 > queries) return begin(pass);
        const at = this.#next;
        this.#next += 2;
        const timestampWrites = {
          querySet: set,
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        };
        return begin({ ...pass, timestampWrites });
      };
      return encoder;
    };
  }

  /** A clock on a device of its own. */
  static async open(): Promise<DeviceTime> {
    return new DeviceTime(await openDevice());
  }

  /** Times one piece of work, which ends when its promise does. */
  async measure(work: () => Promise<unknown>): Promise<Elapsed> {
    this.#next = 0;
    const start = performance.now();
    await work();
    const wall = (performance.now() - start) / 1000, stamps = await this.#stamps();
    if (stamps.length === 0) return { wall };
    const first = stamps.reduce((a, b) => b < a ? b : a), last = stamps.reduce((a, b) => b > a ? b : a);
    return { wall, device: Number(last - first) / 1e9 };
  }

  async #stamps(): Promise<BigUint64Array> {
    const { device } = this, count = this.#next, bytes = 8 * count;
    if (!this.#set || count === 0) return new BigUint64Array();
    const usage = BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC;
    const resolved = device.createBuffer({ size: 8 * queries, usage });
    const staging = device.createBuffer({
      size: 8 * queries,
      usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(this.#set, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0, bytes));
    for (const buffer of [resolved, staging]) buffer.destroy();
    return stamps;
  }
}

/** The median time of `runs` runs after `warmUps`. Device and wall are medians of their own. */
export async function medianTime(
  clock: DeviceTime,
  work: () => Promise<unknown>,
  { runs, warmUps = 2 }: { runs: number; warmUps?: number },
): Promise<Elapsed> {
  const times: Elapsed[] = [];
  for (let i = -warmUps; i < runs; i++) {
    const time = await clock.measure(work);
    if (i >= 0) times.push(time);
  }
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const wall = middle(times.map(({ wall }) => wall));
  if (times[0]!.device === undefined) return { wall };
  return { wall, device: middle(times.map(({ device }) => device!)) };
}
