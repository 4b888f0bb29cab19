import { ArgumentError } from "../tensor/errors.ts";
import { inputsOf, type Tensor } from "./ops.ts";
import { viewed, writtenStates } from "./views.ts";

/**
 * Moves each op that writes states right behind its inputs and the last other op that reads those states, so that all
 * readers see the value from before the run. Throws `ArgumentError` if the result of an assignment is read, if two
 * assignments write to one state, or if one reads a state, or a view of it, that another writes.
 */
export function placeAssignments(tensors: readonly Tensor[]): readonly Tensor[] {
  const assigns = (tensor: Tensor) => writtenStates(tensor).length > 0;
  const assignments = tensors.filter(assigns);
  if (assignments.length === 0) return tensors;
  const others = tensors.filter((tensor) => !assigns(tensor));
  const steps = new Map(others.map((tensor, step) => [tensor, step]));
  const lastRead = new Map(steps);
  others.forEach((tensor, step) => {
    for (const read of inputsOf(tensor)) {
      if (assigns(read)) throw new ArgumentError("Cannot read an assignment", { got: tensor.op });
      lastRead.set(viewed(read), step);
    }
  });
  const behind = others.map((): Tensor[] => []);
  const written = new Set<Tensor>();
  for (const assignment of assignments) {
    const states = writtenStates(assignment);
    for (const state of states) {
      if (written.has(state)) {
        throw new ArgumentError("Cannot assign to a state twice", {
          got: state.op === "state" ? state.attrs.name : state.op,
        });
      }
      written.add(state);
    }
  }
  for (const assignment of assignments) {
    const states = writtenStates(assignment);
    const other = inputsOf(assignment).map(viewed).find((read) =>
      written.has(read) && !states.includes(read)
    );
    if (other) {
      throw new ArgumentError("Cannot read a state that another assignment writes", {
        got: other.op === "state" ? other.attrs.name : other.op,
      });
    }
    const reads = inputsOf(assignment).map((read) => steps.get(read)!);
    behind[Math.max(...reads, ...states.map((state) => lastRead.get(state)!))]!.push(assignment);
  }
  return others.flatMap((tensor, step) => [tensor, ...behind[step]!]);
}
