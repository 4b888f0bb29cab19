import type { Volume, VolumeWindow } from "../volume.ts";
import type { Constants } from "./specialise.ts";

/**
 * The constants of a kernel in which a window slides over x `[N,T,H,W,C]` to `[N,OT,OH,OW,…]`: sizes K, strides S and
 * padding P along each axis. A negative padding wraps around. TIME: whether a frame of the result depends on other frames
 * than its own.
 */
export function windowConstants(
  { x: [, t, h, w], out: [, outT, outH, outW], kernel, stride, before }: VolumeWindow & {
    x: Volume;
    out: Volume;
  },
): Constants {
  const [kt, kh, kw] = kernel, [st, sh, sw] = stride, [pt, ph, pw] = before.map((zeros) => zeros >>> 0);
  return {
    ...{ T: t, H: h, W: w, OT: outT, OH: outH, OW: outW, KT: kt, KH: kh, KW: kw, ST: st, SH: sh, SW: sw },
    ...{ PT: pt!, PH: ph!, PW: pw!, TIME: kt > 1 || st > 1 || pt! > 0 || t !== outT },
  };
}
