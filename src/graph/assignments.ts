import { ArgumentError } from "../tensor/errors.ts";
import { inputsOf, type Tensor, viewed } from "./ops.ts";

/**
 * The same order, but each assignment right behind its value and the last other op that reads its state, so that a state
 * means what it held before the run to all of them. Throws `ArgumentError` where an assignment is read, or two write to
 * one state.
 */
export function placeAssignments(tensors: readonly Tensor[]): readonly Tensor[] {
  const assignments = tensors.filter((tensor) => tensor.op === "assign");
  if (assignments.length === 0) return tensors;
  const others = tensors.filter(({ op }) => op !== "assign");
  const steps = new Map(others.map((tensor, step) => [tensor, step]));
  const lastRead = new Map(steps);
  others.forEach((tensor, step) => {
    for (const read of inputsOf(tensor)) {
      if (read.op === "assign") throw new ArgumentError("Cannot read an assignment", { got: tensor.op });
      lastRead.set(viewed(read), step);
    }
  });
  const behind = others.map((): Tensor[] => []);
  const written = new Set<Tensor>();
  for (const assignment of assignments) {
    const { state, value } = assignment.inputs;
    if (written.has(state)) {
      throw new ArgumentError("Cannot assign to a state twice", {
        got: state.op === "state" ? state.attrs.name : state.op,
      });
    }
    written.add(state);
    const step = Math.max(lastRead.get(state)!, steps.get(value)!);
    behind[step]!.push(assignment);
  }
  return others.flatMap((tensor, step) => [tensor, ...behind[step]!]);
}
