/** Convolutions and products of the published models beside tfjs on the same adapter. */
import { besideTfjs } from "./beside_tfjs.ts";
import { medianTime } from "./device_time.ts";
import { layerFlop } from "./layer_chain.ts";
import { convolution, convolutions, product } from "./layers.ts";
import { milliseconds, type Options, short } from "./part.ts";

/** Layers of a chain. */
const length = 8;

/** Times convolutions and products whose results have the size of their inputs: on the device, where it has timestamps. */
export async function tfjs({ small, report }: Options): Promise<void> {
  const named = [
    ...convolutions.map((shape) => convolution(shape, small)),
    ...[256, 2056].map((rows) => product([1024, 1024], { rows, small })),
  ];
  for (const { layer, ...name } of named) {
    await besideTfjs(layer, length, async ({ ours, theirs, error }) => {
      const runs = small ? 1 : 5;
      const [us, them] = [
        milliseconds(await medianTime(ours.clock, ours.run, { runs }), length),
        milliseconds(await medianTime(theirs.clock, theirs.run, { runs }), length),
      ];
      const ms = us.deviceMs ?? us.ms, tfjsMs = them.deviceMs ?? them.ms;
      report({ ...name, mode: "f32", ms, tfjsMs, flop: layerFlop(layer) });
      console.log(
        `${name.what} ${name.model} of ${name.batch}: ${short(1000 * ms)} µs, tfjs ${
          short(1000 * tfjsMs)
        } µs, ` +
          `${(tfjsMs / ms).toFixed(2)}×, NMSE ${error.toExponential(0)}`,
      );
    });
  }
}
