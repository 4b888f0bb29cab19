import { Arena } from "./arena.ts";
import type { Counters } from "./counters.ts";
import { Device } from "./live_device.ts";
import type { WebGpuParts } from "./options.ts";
import { Pipelines } from "./pipelines.ts";
import type { Tiling } from "./tiles.ts";

/** A device and what programs share on it: compiled kernels and the arena. */
export class Session extends Device {
  readonly tiling: Tiling;
  readonly pipelines: Pipelines = new Pipelines(this);
  readonly arena: Arena = new Arena(this);

  constructor(
    device: GPUDevice,
    { tiling, ...options }: { counters: Counters } & Pick<WebGpuParts, "tiling" | "limits">,
  ) {
    super(device, options);
    this.tiling = tiling ?? (this.software ? "direct" : "staged");
  }
}
