import {
  cosineWithWarmup,
  multiStep,
  type Schedule,
  warmupCosine,
  warmupHoldLinear,
} from "../optimizer/schedules.ts";
import type { CommonRun } from "./run.ts";

/** The learning rate schedule of a configuration. */
export function scheduleOf({ schedule, steps }: Pick<CommonRun, "schedule" | "steps">): Schedule {
  switch (schedule.kind) {
    case "constant":
      return () => 1;
    case "multi-step":
      return multiStep(schedule.milestones);
    case "warmup-cosine":
      return warmupCosine({ ...schedule, steps });
    case "warmup-hold-linear":
      return warmupHoldLinear({ ...schedule, steps });
    case "cosine-with-warmup":
      return cosineWithWarmup({ ...schedule, steps });
  }
}
