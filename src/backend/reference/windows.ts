import type { Volume, VolumeWindow } from "../volume.ts";

/**
 * Visits every pair of an input and an output position that a tap of the window connects, ordered by output position, then
 * by tap. Positions are numbered through the whole batch.
 */
export function forEachTap(
  { x: [n, ...x], out: [, ...out], kernel, stride, before }: VolumeWindow & { x: Volume; out: Volume },
  visit: (x: number, out: number, tap: number) => void,
): void {
  const [outT, outH, outW] = out, [kt, kh, kw] = kernel;
  for (let to = 0; to < n * outT * outH * outW; to++) {
    const column = to % outW, row = Math.floor(to / outW) % outH, frame = Math.floor(to / outW / outH);
    const image = Math.floor(frame / outT);
    for (let tap = 0; tap < kt * kh * kw; tap++) {
      const t = frame % outT * stride[0] - before[0] + Math.floor(tap / kw / kh);
      const y = row * stride[1] - before[1] + Math.floor(tap / kw) % kh;
      const z = column * stride[2] - before[2] + tap % kw;
      if (t < 0 || t >= x[0] || y < 0 || y >= x[1] || z < 0 || z >= x[2]) continue;
      visit(((image * x[0] + t) * x[1] + y) * x[2] + z, to, tap);
    }
  }
}
