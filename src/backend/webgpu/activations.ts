import { BackendError } from "../../tensor/errors.ts";
import type { ActivationFormat } from "../backend.ts";
import type { Session } from "./session.ts";

/** Whether activations are kept as f16. Throws `BackendError` where they are to be and cannot. */
export function f16On({ f16 }: Session, activations: ActivationFormat = "f32"): boolean {
  if (activations === "f32" || f16) return activations === "f16";
  throw new BackendError("Cannot keep activations as f16", {
    expected: "a device with the feature shader-f16",
    got: "one without it",
    hint: "keep them as f32",
  });
}
