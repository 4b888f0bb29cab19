import { assign, state } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { type Statistics, updateStatistics } from "../nn/batch_norm.ts";

/** The statistics of one pass through a network, by the paths of its BatchNorms. */
export type Batches = ReadonlyMap<string, Statistics>;

/** The states of a BatchNorm's running statistics, named as in checkpoints: means of 0 and variances of 1 at first. */
export function runningNames(path: string): { mean: string; variance: string } {
  return { mean: `${path}.running_mean`, variance: `${path}.running_var` };
}

/** The assignments that take several passes into the running statistics, one after the other. */
export function runningEffects(passes: readonly Batches[]): Tensor[] {
  return [...passes[0]?.keys() ?? []].flatMap((path) => {
    const { mean, variance } = passes[0]!.get(path)!, names = runningNames(path);
    const before = { mean: state(names.mean, mean), variance: state(names.variance, variance) };
    const after = passes.reduce<Statistics>(
      (running, pass) => updateStatistics(running, pass.get(path)!),
      before,
    );
    return [assign(before.mean, after.mean), assign(before.variance, after.variance)];
  });
}

/** Statistics as a record, and back, so that they can pass through what changes a graph's tensors. */
export function flattened(prefix: string, batches: Batches): Record<string, Tensor> {
  return Object.fromEntries(
    [...batches].flatMap(([path, { mean, variance }]) => [
      [`${prefix} ${path} mean`, mean],
      [`${prefix} ${path} variance`, variance],
    ]),
  );
}

/** What `flattened` took apart. */
export function unflattened(
  prefix: string,
  paths: Iterable<string>,
  tensors: Record<string, Tensor>,
): Batches {
  return new Map(
    [...paths].map((path) => [path, {
      mean: tensors[`${prefix} ${path} mean`]!,
      variance: tensors[`${prefix} ${path} variance`]!,
    }]),
  );
}
