/** What a device can do at most, by small kernels of their own: the figures that others are held against. */
import { BufferUsage, MAP_READ } from "../../src/backend/webgpu/usage.ts";
import { DeviceTime } from "./device_time.ts";
import type { Options } from "./part.ts";

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** Vectors of four that a thread multiplies and adds, and how often. */
const registers = 16, repetitions = 256;
const fma = `@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(0.999 + f32(id.x) * 1e-9);
  let c = vec4f(0.001);
  ${lines(registers, (i) => `var v${i} = vec4f(f32(id.x + ${i}u));`)}
  for (var k = 0u; k < ${repetitions}u; k++) { ${lines(registers, (i) => `v${i} = fma(v${i}, m, c);`)} }
  out[id.x] = ${Array.from({ length: registers }, (_, i) => `v${i}`).join(" + ")};
}`;
/** Vectors of four that a thread copies. */
const copied = 4;
const copy = `@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4f>;
@compute @workgroup_size(256) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let base = group.x * ${256 * copied}u + t;
  ${lines(copied, (i) => `let v${i} = a[base + ${256 * i}u];`)}
  ${lines(copied, (i) => `b[base + ${256 * i}u] = v${i};`)}
}`;
const increment = `@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { a[id.x] += 1.0; }`;

/** A kernel with buffers of its own. */
class Probe {
  readonly #clock: DeviceTime;
  readonly #pipeline: GPUComputePipeline;
  readonly #group: GPUBindGroup;
  readonly #staging: GPUBuffer;
  readonly #buffers: readonly GPUBuffer[];

  constructor(clock: DeviceTime, code: string, bytes: readonly number[]) {
    const { device } = this.#clock = clock, module = device.createShaderModule({ code });
    this.#pipeline = device.createComputePipeline({
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC;
    this.#buffers = bytes.map((size) => device.createBuffer({ size, usage }));
    this.#staging = device.createBuffer({ size: 16, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
    this.#group = device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: this.#buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  /** The least seconds of `dispatches` of `workgroups`: on the device, or whole with the read-back of a result. */
  async least(workgroups: number, { dispatches = 1, whole = false, runs = 4 } = {}): Promise<number> {
    let least = Infinity;
    for (let i = 0; i < runs; i++) {
      const { wall, device } = await this.#clock.measure(() => this.#run(workgroups, dispatches));
      least = Math.min(least, whole ? wall : device ?? wall);
    }
    return least;
  }

  async #run(workgroups: number, dispatches: number): Promise<void> {
    const { device } = this.#clock,
      encoder = device.createCommandEncoder(),
      pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(workgroups);
    pass.end();
    encoder.copyBufferToBuffer(this.#buffers[0]!, 0, this.#staging, 0, 16);
    device.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(MAP_READ);
    this.#staging.unmap();
  }
}

/** The rate of multiply-adds in f32, FLOP/s. Run now and then, it shows whether the device's clock has changed. */
export async function fmaRate(clock: DeviceTime, { small }: Pick<Options, "small">): Promise<number> {
  const workgroups = small ? 1 : 2048;
  const seconds = await new Probe(clock, fma, [16 * 256 * workgroups]).least(workgroups);
  return 2 * 4 * registers * repetitions * 256 * workgroups / seconds;
}

/** Measures the rate of arithmetic and of copies, a dispatch that waits for the last, and a run with its read-back. */
export async function ceilings({ small, report }: Options): Promise<void> {
  const clock = await DeviceTime.open(), bytes = small ? 1 << 20 : 1 << 28;
  try {
    report({ ceiling: "fma", value: await fmaRate(clock, { small }) });
    const seconds = await new Probe(clock, copy, [bytes, bytes]).least(bytes / (16 * 256 * copied));
    report({ ceiling: "copy", value: 2 * bytes / seconds });
    const dispatches = small ? 16 : 1000, step = new Probe(clock, increment, [4096]);
    report({ ceiling: "dispatch", value: await step.least(16, { dispatches }) / dispatches });
    report({ ceiling: "round trip", value: await step.least(16, { whole: true, runs: 10 }) });
  } finally {
    clock.device.destroy();
  }
}
