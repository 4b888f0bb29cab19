import {
  drops,
  risingCosine,
  type Schedule,
  warmUpCosine,
  warmUpHoldLinear,
} from "../optimizer/schedules.ts";
import type { CommonRun } from "./run.ts";

/** The factor of the learning rate by step, as a configuration says. */
export function scheduleOf({ schedule, steps }: Pick<CommonRun, "schedule" | "steps">): Schedule {
  switch (schedule.kind) {
    case "constant":
      return () => 1;
    case "drops":
      return drops(schedule.at);
    case "warm-up-cosine":
      return warmUpCosine({ ...schedule, steps });
    case "warm-up-hold-linear":
      return warmUpHoldLinear({ ...schedule, steps });
    case "rising-cosine":
      return risingCosine({ ...schedule, steps });
  }
}
