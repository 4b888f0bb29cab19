import * as assert from "uvu/assert";
import type { Backend, Weights, WeightSource } from "../../src/backend/backend.ts";
import { tensorsOf, type Graph } from "../../src/graph/trace.ts";
import { free } from "../../src/tensor/free.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { subTokens, teacherForcedGraph } from "../../src/networks/transformer/network.ts";
import { type Golden, nmse, readGolden } from "./golden.ts";
import { hashedWeight } from "./hashed.ts";

/** Weights computed from the names that `graphs` ask for; the goldens' names lack the path of the transformer. */
export function hashedTransformer(graphs: readonly Graph[]): WeightSource {
  const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
  const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
  const read = (name: string) => hashedWeight(name.replace("transformer.", ""), shapes.get(name)!);
  return { shapes, read: (name) => Promise.resolve(read(name)), release: free };
}

/** The transformer's configuration in a golden's metadata. */
export function goldenConfig(golden: Golden): TransformerConfig {
  const { layers, flayers, heads, dim, bits, grid, classes } = JSON.parse(golden.metadata.config!);
  const hidden = Math.ceil(Math.floor(8 * dim / 3) / 256) * 256;
  return { layers, factorizedLayers: flayers, heads, dim, hidden, bits, grid, classes };
}

/**
 * Holds the teacher-forced logits and the greedy tokens and guided logits of the cached sampler against the golden
 * `name`, and the two paths against each other.
 */
export async function checkTransformerGolden(backend: Backend, name: string): Promise<void> {
  const golden = await readGolden(name);
  const config = goldenConfig(golden);
  const labels = golden.tensor("labels").data as Uint32Array, n = labels.length;
  const positions = golden.tensor("teacher.logits_pre").shape[1]!, steps = golden.tensor("greedy.pre").shape[1]!;
  const graphs = {
    teacher: teacherForcedGraph(config, { n, positions }),
    generated: teacherForcedGraph(config, { n: 2 * n, positions: steps }),
    step: stepGraph(config, { n, guided: true, logits: true }),
  };
  await using weights = await backend.load(hashedTransformer(Object.values(graphs)), { graphs: Object.values(graphs) });

  {
    await using program = await backend.compile(graphs.teacher, weights);
    const logits = await program.run({ classes: u32Tensor([n], labels), ...tokensOf(golden, "", { n, positions }) });
    for (const part of subTokens) {
      const error = nmse(logits[`logits_${part}`]!.data, golden.tensor(`teacher.logits_${part}`).data);
      assert.ok(error <= 1e-6, `${name}: NMSE of teacher-forced ${part} ${error}`);
    }
  }

  const guidance = JSON.parse(golden.metadata.cfg_scale!) as [number, number];
  const cached = await runGreedy(backend, { graph: graphs.step, weights, config, labels, guidance, steps });
  for (const part of subTokens) {
    const error = nmse(cached.logits[part], golden.tensor(`greedy.guided_logits_${part}`).data);
    assert.ok(error <= 1e-6, `${name}: NMSE of guided ${part} ${error}`);
    assert.equal([...cached.tokens[part]], [...golden.tensor(`greedy.${part}`).data], `${name}: greedy ${part}`);
  }

  // Both rows of guidance, teacher-forced on the generated tokens, guided here.
  await using program = await backend.compile(graphs.generated, weights);
  const tokens = tokensOf(golden, "greedy.", { n, positions: steps });
  const twice = ({ data }: HostTensor) => u32Tensor([2 * n, steps], Uint32Array.of(...data, ...data));
  const logits = await program.run({
    classes: u32Tensor([2 * n], Uint32Array.of(...labels, ...labels.map(() => config.classes))),
    pre: twice(tokens.pre),
    post: twice(tokens.post),
  });
  subTokens.forEach((part, i) => {
    const both = logits[`logits_${part}`]!.data, half = both.length / 2;
    const guided = Array.from({ length: half }, (_, at) =>
      both[half + at]! + guidance[i]! * (both[at]! - both[half + at]!));
    const error = nmse(cached.logits[part], guided);
    assert.ok(error <= 1e-9, `${name}: NMSE of cached against teacher-forced ${part} ${error}`);
  });
}

interface Generated {
  readonly tokens: Record<"pre" | "post", Uint32Array>;
  readonly logits: Record<"pre" | "post", Float32Array>;
}

/** Generates `steps` tokens of each label greedily. Results are `[n,steps]` and `[n,steps,V]`. */
async function runGreedy(
  backend: Backend,
  { graph, weights, config, labels, guidance, steps }: {
    graph: Graph;
    weights: Weights;
    config: TransformerConfig;
    labels: Uint32Array;
    guidance: readonly [number, number];
    steps: number;
  },
): Promise<Generated> {
  await using program = await backend.compile(graph, weights);
  const n = labels.length, rows = 2 * n;
  const classes = u32Tensor([rows], Uint32Array.of(...labels, ...labels.map(() => config.classes)));
  const tokens = { pre: new Uint32Array(n * steps), post: new Uint32Array(n * steps) };
  const [v0, v1] = config.bits.map((bits) => 2 ** bits) as [number, number];
  const logits = { pre: new Float32Array(n * steps * v0), post: new Float32Array(n * steps * v1) };
  let last: Record<string, HostTensor> = { pre: u32Tensor([rows]), post: u32Tensor([rows]) };
  for (let position = 0; position < steps; position++) {
    last = await program.run({
      classes,
      position: u32Tensor([rows], new Uint32Array(rows).fill(position)),
      pre: last.pre!,
      post: last.post!,
      key: u32Tensor([n, 2]),
      counter: u32Tensor([n, 4]),
      ...Object.fromEntries(subTokens.flatMap((part, i) => [
        [`temperature_${part}`, f32Tensor([n])],
        [`top_k_${part}`, u32Tensor([n])],
        [`top_p_${part}`, f32Tensor([n], new Float32Array(n).fill(1))],
        [`guidance_${part}`, f32Tensor([n], new Float32Array(n).fill(guidance[i]!))],
      ])),
    });
    for (const part of subTokens) {
      const width = logits[part].length / n / steps;
      for (let i = 0; i < n; i++) {
        tokens[part][i * steps + position] = last[part]!.data[i]!;
        const row = last[`logits_${part}`]!.data.subarray(i * width, (i + 1) * width);
        logits[part].set(row, (i * steps + position) * width);
      }
    }
  }
  return { tokens, logits };
}

function tokensOf(
  golden: Golden,
  prefix: string,
  { n, positions }: { n: number; positions: number },
): { pre: HostTensor<"u32">; post: HostTensor<"u32"> } {
  const read = (part: string) => {
    const { shape, data } = golden.tensor(`${prefix}${part}`);
    const rows = Array.from({ length: n }, (_, i) => data.subarray(i * shape[1]!, i * shape[1]! + positions));
    return u32Tensor([n, positions], Uint32Array.from(rows.flatMap((row) => [...row])));
  };
  return { pre: read("pre"), post: read("post") };
}
