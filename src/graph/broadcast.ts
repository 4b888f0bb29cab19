import { formatShape, type Shape } from "../tensor/shape.ts";
import { check } from "./checks.ts";

/** The shape of what `op` makes of operands of shapes `a` and `b`, by NumPy's rules. Throws `ShapeError`. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const axes = Math.max(a.length, b.length);
  return Array.from({ length: axes }, (_, axis) => {
    const m = a[axis - axes + a.length] ?? 1, n = b[axis - axes + b.length] ?? 1;
    check(op, "b", b, m === n || m === 1 || n === 1, `a shape that broadcasts with ${formatShape(a)}`);
    return m === 1 ? n : m;
  });
}
