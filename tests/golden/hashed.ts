import { sizeOf, type Shape } from "../../src/tensor/shape.ts";

/**
 * Values computed from a name, identically in any language: FNV-1a of the name seeds MurmurHash3's finaliser, which
 * mixes each element's index; the upper 24 bits become `offset + scale·u`, u in [−1,1).
 */
export function hashed(
  name: string,
  shape: Shape,
  { scale = 1, offset = 0 }: { scale?: number; offset?: number } = {},
): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) {
    let h = (seed + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    values[i] = offset + scale * (2 * ((h >>> 8) / 2 ** 24) - 1);
  }
  return values;
}

/** The weight that the goldens were made with, for a parameter's name and shape. */
export function hashedWeight(name: string, shape: Shape): Float32Array {
  if (shape.length >= 2) {
    const fanIn = sizeOf(shape.slice(1));
    return hashed(name, shape, { scale: name.includes("emb") ? 1 : Math.sqrt(3 / fanIn) });
  }
  return hashed(name, shape, { scale: 0.1, offset: name.endsWith("weight") ? 1 : 0 });
}

/** The weight of LPIPS that the goldens were made with; `name` is that in LPIPS's own checkpoint. */
export function hashedLpipsWeight(name: string, shape: Shape): Float32Array {
  const path = `lpips.${name}`;
  if (name.startsWith("lin")) return hashedWeight(path, shape).map(Math.abs);
  if (shape.length === 1) return hashedWeight(path, shape);
  return hashed(path, shape, { scale: 1.4 * Math.sqrt(3 / sizeOf(shape.slice(1))) });
}
