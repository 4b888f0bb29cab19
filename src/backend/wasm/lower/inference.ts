import { attentionLowering } from "./attention.ts";
import { convLowering } from "./conv.ts";
import { elementwiseLowering } from "./elementwise.ts";
import { linearLowering } from "./linear.ts";
import { normLowering } from "./norm.ts";
import { poolLowering } from "./pool.ts";
import { quantizeLowering } from "./quantize.ts";
import { reduceLowering } from "./reduce.ts";
import { samplingLowering } from "./sampling.ts";
import { shapeLowering } from "./shape.ts";

/** How the ops of inference become commands. */
export const inferenceLowering:
  & typeof elementwiseLowering
  & typeof shapeLowering
  & typeof reduceLowering
  & typeof linearLowering
  & typeof convLowering
  & typeof poolLowering
  & typeof normLowering
  & typeof attentionLowering
  & typeof quantizeLowering
  & typeof samplingLowering = {
    ...elementwiseLowering,
    ...shapeLowering,
    ...reduceLowering,
    ...linearLowering,
    ...convLowering,
    ...poolLowering,
    ...normLowering,
    ...attentionLowering,
    ...quantizeLowering,
    ...samplingLowering,
  };
