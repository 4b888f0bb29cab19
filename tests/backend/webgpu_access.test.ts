import { suite } from "uvu";
import * as assert from "uvu/assert";
import { callStored, declareStored, sharing } from "../../src/backend/webgpu/access.ts";
import { BackendError } from "../../src/tensor/errors.ts";

const test = suite("arrays that lie in pieces or as f16");
const line = "@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;";

test("reads and writes become calls, within each other, too", () => {
  assert.is(callStored("let a = x[i] + y[x[j]];", "x"), "let a = load_from_x(i) + y[load_from_x(j)];");
  assert.is(callStored("x[at[2]] = x[i + 1] * 2;", "x"), "store_to_x(at[2], load_from_x(i + 1) * 2);");
  assert.is(
    callStored("if (x[i] == b) { x[i] = b; }", "x"),
    "if (load_from_x(i) == b) { store_to_x(i, b); }",
  );
  assert.is(callStored("max[i] = xx[i];", "x"), "max[i] = xx[i];");
});

test("what changes an element in any other way is refused", () => {
  for (const code of ["x[i] += 1;", "x[i].y = 2.0;", "x[i]++;", "x[i] <<= 2;"]) {
    assert.throws(() => callStored(code, "x"), (error: Error) => error instanceof BackendError, code);
  }
});

test("two names for one array are one, and elements of one type are read from those of the other", () => {
  const as = (own: string, others: string) => (code: string) =>
    sharing(code, "y", { other: "x", types: [own, others] });
  assert.is(as("f32", "f32")("y[i] = yy[y[i]] + 1;"), "x[i] = yy[x[i]] + 1;");
  assert.is(as("f32", "vec4f")("v += y[r * O + o];"), "v += x[(r * O + o) / 4][(r * O + o) % 4];");
  assert.is(
    as("vec4f", "f32")("v = y[i];"),
    "v = vec4f(x[4 * (i) + 0], x[4 * (i) + 1], x[4 * (i) + 2], x[4 * (i) + 3]);",
  );
});

test("pieces have bindings of their own, and the elements of each begin where the one before ends", () => {
  const code = declareStored(line, { pieces: [256, 512, 64], f16: false, written: true });
  assert.equal(
    code.slice(0, 3),
    [3, 19, 35].map((binding, i) =>
      `@group(0) @binding(${binding}) var<storage, read_write> x_${i}: array<vec4f>;`
    ),
  );
  assert.is(
    code[4],
    "if (i < 16u) { return x_0[i]; } else if (i < 48u) { return x_1[i - 16u]; } else { return x_2[i - 48u]; }",
  );
  assert.ok(code.includes("fn store_to_x(i: u32, value: vec4f) {"));
});

test("elements in f16 are widened when they are read, and are half as long", () => {
  const code = declareStored(line, { pieces: [256, 8], f16: true, written: false });
  assert.is(code[0], "@group(0) @binding(3) var<storage, read_write> x_0: array<vec4<f16>>;");
  assert.is(code[3], "if (i < 32u) { return vec4f(x_0[i]); } else { return vec4f(x_1[i - 32u]); }");
  assert.not(code.some((line) => line.includes("store_to")));
});

test.run();
