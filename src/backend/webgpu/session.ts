import { Arena } from "./arena.ts";
import type { Counters } from "./counters.ts";
import { Device } from "./live_device.ts";
import type { WebGpuParts } from "./options.ts";
import { Pace } from "./pace.ts";
import { Pipelines } from "./pipelines.ts";
import type { Tiling } from "./tiles.ts";

/** A device and what programs share on it: compiled kernels, the arena, and how fast it was. */
export class Session extends Device {
  readonly tiling: Tiling;
  readonly pipelines: Pipelines = new Pipelines(this);
  readonly arena: Arena = new Arena(this);
  readonly pace: Pace;

  constructor(
    device: GPUDevice,
    { tiling, ...options }: { counters: Counters } & Pick<WebGpuParts, "tiling" | "limits">,
  ) {
    super(device, options);
    this.tiling = tiling ?? (this.software ? "direct" : "staged");
    this.pace = new Pace(this.software);
  }
}
