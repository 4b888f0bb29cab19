import type { ActivationFormat, Backend } from "../backend/backend.ts";
import { constant, mul } from "../graph/build.ts";
import { graphOf } from "../graph/trace.ts";
import { BackendError } from "../tensor/errors.ts";

/** Throws `BackendError` where a backend cannot train in this precision: before anything is read or written. */
export async function checkPrecision(precision: ActivationFormat, backend: Backend): Promise<void> {
  if (precision === "f32") return;
  const graph = graphOf({ y: mul(constant(1), constant(2)) });
  const none = { shapes: new Map(), read: () => Promise.resolve(new Float32Array()) };
  await using weights = await backend.load(none, { graphs: [graph] });
  try {
    await using _program = await backend.compile(graph, weights, { activations: precision });
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new BackendError(`Cannot train with precision ${precision}`, {
      expected: cause.expected,
      got: cause.got,
      hint: `choose precision f32${backend.name === "webgpu" ? "" : ", or the backend webgpu"}`,
      cause,
    });
  }
}
