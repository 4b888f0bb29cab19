import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { Generator } from "../../src/transformer/generator.ts";
import { doubled, post, postJson, ring } from "../service/support.ts";
import { smallModel } from "../support/small_model.ts";

const test = suite("the dashboard and the alert rules");

const folder = new URL("../../docs/deploy/", import.meta.url);
const dashboard = JSON.parse(await Deno.readTextFile(new URL("grafana.json", folder)));
const rules = parse(await Deno.readTextFile(new URL("alerts.yml", folder)));

/** What the service says of its metrics, after requests of every kind. */
async function metrics(): Promise<string> {
  await using generator = await Generator.load(smallModel, { threads: 1 });
  const { service } = doubled({ generator });
  await using _end = service;
  await service.request("/v1/reconstruct", post(ring, { "content-type": "image/png" }));
  await service.request("/v1/images/generations", postJson({ class_id: 1, seed: 1 }));
  return await (await service.request("/metrics")).text();
}

/** The names of series and labels that expressions use; `up`, `job` and `instance` are Prometheus' own. */
function namesOf(expression: string): { series: string[]; labels: string[] } {
  const labels = [
    ...expression.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g),
    ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => [...list!.matchAll(/(\w+)/g)]),
  ].map(([, name]) => name!);
  const series = [...expression.matchAll(/\b(?:voken:\w+|process_\w+)/g)].map(([name]) => name);
  return { series, labels: labels.filter((name) => !["job", "instance", "le"].includes(name)) };
}

test("name only metrics and labels that the service has", async () => {
  const text = await metrics();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const series = new Set(
    [...types].flatMap(([name, type]) =>
      type === "histogram" ? ["_bucket", "_count", "_sum"].map((end) => name + end) : [name]
    ),
  );
  const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, name]) => name!));
  const shown = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets);
  const alerts = rules.groups.flatMap(({ rules }: { rules: { expr: string }[] }) => rules);
  const expressions: string[] = [...shown, ...alerts].map(({ expr }: { expr: string }) => expr);
  assert.ok(expressions.length > 25, `${expressions.length} expressions`);
  const used = new Set<string>();
  for (const expression of expressions) {
    const names = namesOf(expression);
    assert.ok(names.series.length > 0 || expression.startsWith("up{"), expression);
    for (const name of names.series) {
      assert.ok(series.has(name), `${name} in ${expression}`);
      used.add(name.replace(/_(bucket|count|sum)$/, ""));
    }
    for (const name of names.labels) assert.ok(labels.has(name), `label ${name} in ${expression}`);
  }
  assert.equal([...types.keys()].filter((name) => !used.has(name)), [], "metrics that nothing shows");
});

test("rates are of counters, and values of gauges", async () => {
  const text = await metrics();
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    assert.is(type === "counter", name!.endsWith("_total"), `${name} is a ${type}`);
  }
});

test("alerts have a severity and say what is wrong", () => {
  for (const { rules: alerts } of rules.groups) {
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels.severity, /^(critical|warning)$/, alert);
      assert.match(annotations.summary, /\{\{ \$labels\.instance \}\}/, alert);
    }
  }
});

test.run();
