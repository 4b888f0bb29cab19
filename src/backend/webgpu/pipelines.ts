import { BackendError } from "../../tensor/errors.ts";
import type { Device } from "./live_device.ts";
import { type Binding, type BindingUse, type Constants, specialise } from "./specialise.ts";
import { COMPUTE } from "./usage.ts";

/** A compiled kernel. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindings: readonly Binding[];
}

/** The kernels compiled for one device, cached by their WGSL. */
export class Pipelines {
  readonly #device: Device;
  readonly #compiled: Map<string, Promise<Pipeline>> = new Map();

  constructor(device: Device) {
    this.#device = device;
  }

  /** The kernel `name` for `constants` and the way in which its bindings are used. Throws `BackendError`. */
  get(
    name: string,
    constants: Constants,
    given: { uses: Readonly<Record<string, BindingUse>>; source?: string },
  ): Promise<Pipeline> {
    const { code, bindings } = specialise(name, constants, given);
    let pipeline = this.#compiled.get(code);
    if (!pipeline) {
      pipeline = this.#compile(name, { code, bindings });
      this.#compiled.set(code, pipeline);
      // A compilation that failed for lack of memory may succeed later.
      pipeline.catch(() => this.#compiled.delete(code));
    }
    return pipeline;
  }

  async #compile(
    name: string,
    { code, bindings }: { code: string; bindings: readonly Binding[] },
  ): Promise<Pipeline> {
    const { device, counters } = this.#device, action = `compile the kernel ${name}`;
    const [module, layout, promise] = await this.#device.checked(action, () => {
      const module = device.createShaderModule({ label: name, code });
      const layout = device.createBindGroupLayout({
        label: name,
        entries: bindings.map(({ index, type }) => ({
          binding: index,
          visibility: COMPUTE,
          buffer: { type },
        })),
      });
      const promise = device.createComputePipelineAsync({
        label: name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main" },
      });
      promise.catch(() => {});
      return [module, layout, promise] as const;
    });
    try {
      const pipeline = await this.#device.orLost(action, promise);
      counters.pipelines++;
      return { pipeline, layout, bindings };
    } catch (cause) {
      if (cause instanceof BackendError) throw cause;
      const { messages } = await module.getCompilationInfo();
      const lines = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new BackendError(`Cannot ${action}`, { got: [String(cause), ...lines].join("; "), cause });
    }
  }
}
