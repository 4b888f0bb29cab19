import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { WeightFormat } from "../../src/backend/backend.ts";
import type { Command } from "../../src/backend/webgpu/commands.ts";
import { planLayout } from "../../src/backend/webgpu/layout.ts";
import { specialise } from "../../src/backend/webgpu/specialise.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { apply, input, param } from "../../src/graph/build.ts";
import { graphOf } from "../../src/graph/trace.ts";
import type { Tensor } from "../../src/graph/ops.ts";

const test = suite("what WebGPU kernels take of a workgroup");

/** What every device of WebGPU has: invocations of a workgroup, and bytes that they share. */
const mostThreads = 256, mostBytes = 16384;
/** Bytes of a type in workgroup memory. */
const sizes: Readonly<Record<string, number>> = { f32: 4, vec2u: 8, vec4f: 16, "atomic<u32>": 4 };

const target = fc.record({
  tiling: fc.constantFrom<Tiling>("staged", "direct"),
  software: fc.boolean(),
  f16: fc.boolean(),
  format: fc.constantFrom<WeightFormat>("f32", "f16", "q8", "q4"),
});
type Chosen = typeof target extends fc.Arbitrary<infer T> ? T : never;

function commandsOf(y: Tensor, { format, ...rest }: Chosen): readonly Command[] {
  const target = { ...rest, workgroupBytes: mostBytes, format: () => format };
  return planLayout(graphOf({ y }), { target, align: 256, guard: 0 }).commands;
}

/** The number that an expression of WGSL is for these constants. */
function valueOf(expression: string, constants: Command["constants"]): number {
  const digits = expression.replaceAll(/[A-Z]\w*/g, (name) => `${constants[name]}`);
  assert.match(digits, /^[\d\s*+/()-]+$/);
  return Function(`return ${digits}`)() as number;
}

function checkWorkgroups(commands: readonly Command[]): void {
  for (const { kernel, constants, workgroups } of commands) {
    const { code } = specialise(kernel, constants);
    const [, size] = /@workgroup_size\(([^)]*)\)/.exec(code)!;
    const threads = size!.split(",").reduce((product, one) => product * valueOf(one, constants), 1);
    assert.ok(threads <= mostThreads, `${kernel}: ${threads} threads`);
    const arrays = [...code.matchAll(/var<workgroup> \w+: array<([^,]+), ([^;]+)>;/g)];
    const bytes = arrays.reduce((sum, [, type, count]) => {
      const elements = valueOf(count!, constants);
      assert.ok(elements >= 1 && Number.isInteger(elements), `${kernel}: ${elements} elements`);
      return sum + sizes[type!]! * elements;
    }, 0);
    assert.ok(bytes <= mostBytes, `${kernel} ${JSON.stringify(constants)}: ${bytes} bytes`);
    assert.ok(workgroups.every((count) => count >= 1 && count <= 65535));
  }
}

test("products of few rows, of any size and all that is fused with them", () => {
  const case_ = fc.record({
    ...{ rows: fc.integer({ min: 1, max: 64 }), width: fc.integer({ min: 1, max: 9000 }) },
    ...{ outputs: fc.integer({ min: 1, max: 70_000 }), norm: fc.boolean(), up: fc.boolean(), target },
  });
  fc.assert(fc.property(case_, ({ rows, width, outputs, norm, up, target }) => {
    const inputs = {
      ...{ x: input("x", { shape: [rows, width], dtype: "f32" }), weight: param("weight", [outputs, width]) },
      ...norm && { norm: param("norm", [width]) },
      ...norm && up && { up: param("up", [outputs, width]) },
    };
    const commands = commandsOf(apply("linear", inputs, norm ? { eps: 1e-5 } : {}), target);
    checkWorkgroups(commands);
    for (const { constants, workgroups: [x, y, z] } of commands.filter(({ kernel }) => kernel === "linear")) {
      const of = (name: string) => constants[name] as number;
      assert.ok(x * y * of("COLUMNS") * of("TEAMS") >= outputs && z * of("R") >= rows);
      assert.ok(of("STEPS") * of("TEAM") >= of("CHUNKS") && of("STEPS") % of("UNROLL") === 0);
      assert.is(of("CHUNKS") * of("CHUNK4"), Math.ceil(width / 4));
    }
  }));
});

test("attention of any head and as many positions as it says it can do", () => {
  const case_ = fc.record({
    ...{ positions: fc.integer({ min: 1, max: 6000 }), pairs: fc.integer({ min: 1, max: 150 }), target },
  });
  let refused = 0;
  fc.assert(fc.property(case_, ({ positions, pairs, target }) => {
    const head = 2 * pairs, shape = [1, 2, 2, positions, head];
    const qkv = (shape: number[]) => input("qkv", { shape, dtype: "f32" });
    const inputs = {
      qkv: qkv([1, 6 * head]),
      cache: apply("state", {}, { name: "cache", shape, dtype: "f32", f16: true }),
      position: input("position", { shape: [1], dtype: "u32" }),
    };
    const results = [
      apply("attention", { qkv: qkv([1, positions, 3 * head]) }, { heads: 1 }),
      apply("attention_step", inputs, { heads: 2, f16: true }),
    ];
    for (const y of results) {
      let commands: readonly Command[] = [];
      try {
        commands = commandsOf(y, target);
      } catch (error) {
        assert.instance(error, BackendError);
        assert.ok(positions > 2000, `${positions} refused`);
        refused++;
      }
      checkWorkgroups(commands);
    }
  }));
  assert.ok(refused > 0);
});

test("sampling from any vocabulary", () => {
  const case_ = fc.record({ vocabSize: fc.integer({ min: 1, max: 300_000 }), target });
  fc.assert(fc.property(case_, ({ vocabSize, target }) => {
    const f32 = (name: string, shape = [2]) => input(name, { shape, dtype: "f32" });
    const u32 = (name: string, shape = [2]) => input(name, { shape, dtype: "u32" });
    const inputs = {
      ...{ logits: f32("logits", [2, vocabSize]), temperature: f32("temperature"), topP: f32("topP") },
      ...{ topK: u32("topK"), random: u32("random", [2, 4]) },
    };
    const commands = commandsOf(apply("sample", inputs, { word: 0, repeat: 1 }), target);
    checkWorkgroups(commands);
    const of = (name: string) => commands[0]!.constants[name] as number;
    assert.ok(of("CHUNK") * of("WORKGROUP") >= vocabSize && of("CHUNK") % of("UNROLL") === 0);
    assert.ok(of("WORKGROUP") === 2 ** of("BITS") && 32 % of("BITS") === 0);
    assert.ok(of("WORKGROUP") === of("ROOT") ** 2 && of("ROOT") % of("ADDED") === 0);
  }));
});

test.run();
