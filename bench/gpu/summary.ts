import { table } from "../report.ts";
import { type Ceiling, type Result, short } from "./part.ts";

/** Times of `pytorch/run.py`. */
export interface PyTorch {
  readonly device: string;
  readonly torch: string;
  readonly times: readonly {
    readonly what: string;
    readonly model: string;
    readonly batch: number;
    readonly size?: number;
    readonly mode: string;
    readonly ms: number | null;
  }[];
}

const modes = ["f32", "tf32", "bf16"] as const;
const units: Readonly<Record<Ceiling["ceiling"], (value: number) => string>> = {
  "fma": (value) => `f32 multiply-adds: ${(value / 1e12).toFixed(1)} TFLOP/s`,
  "copy": (value) => `copies: ${(value / 1e12).toFixed(2)} TB/s`,
  "dispatch": (value) => `a dispatch that waits for the last: ${(1e6 * value).toFixed(2)} µs`,
  "round trip": (value) => `a dispatch and its read-back: ${(1e3 * value).toFixed(3)} ms`,
};

/** The rows of the table of results: what each share and ratio is of, its head says. */
export function summaryRows(
  results: readonly Result[],
  { ceilings, pytorch }: { ceilings: readonly Ceiling[]; pytorch?: PyTorch },
): string[][] {
  const limit = (name: Ceiling["ceiling"]) => ceilings.find(({ ceiling }) => ceiling === name)?.value;
  const share = (part: number, whole: number | undefined) =>
    whole ? `${(100 * part / whole).toFixed(0)}%` : "";
  const peak = limit("fma"), bandwidth = limit("copy");
  return results.map((result) => {
    const { what, model, batch, mode, size, ms, deviceMs, flop, bytes, tfjsMs } = result,
      seconds = (deviceMs ?? ms) / 1000;
    const theirs = modes.map((mode) =>
      pytorch?.times.find((time) =>
        time.what === what && time.model === model && time.batch === batch && time.mode === mode &&
        (size === undefined || time.size === size)
      )?.ms ?? undefined
    );
    return [
      `${what} ${model}${size ? ` ${size}²` : ""}`,
      `${batch}`,
      mode,
      short(ms),
      deviceMs === undefined ? "" : short(deviceMs),
      flop ? short(flop / seconds / 1e12) : "",
      flop ? share(flop / seconds, peak) : "",
      bytes ? short(bytes / seconds / 1e9) : "",
      bytes ? share(bytes / seconds, bandwidth) : "",
      ...theirs.map((time) => time === undefined ? "" : short(time)),
      ...theirs.slice(0, 1).map((time) => time === undefined ? "" : `${(ms / time).toFixed(2)}×`),
      tfjsMs === undefined ? "" : `${(tfjsMs / ms).toFixed(2)}×`,
    ];
  });
}

/** Prints the ceilings and all results. */
export function printSummary(
  results: readonly Result[],
  beside: { ceilings: readonly Ceiling[]; pytorch?: PyTorch },
): void {
  console.log("");
  for (const { ceiling, value } of beside.ceilings) console.log(units[ceiling](value));
  const { pytorch } = beside;
  if (pytorch) console.log(`PyTorch ${pytorch.torch} on ${pytorch.device}`);
  if (results.length === 0) return;
  console.log("");
  table([
    ...["", "batch", "mode", "ms", "device ms", "TFLOP/s", "of peak", "GB/s", "of copy"],
    ...modes.map((mode) => `PyTorch ${mode}`),
    ...["ours / f32", "tfjs / ours"],
  ], summaryRows(results, beside));
}
