import { Deployment } from "kubernetes-models/apps/v1";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Service } from "kubernetes-models/v1";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseAllDocuments } from "yaml";
import { defaultLimits } from "../../src/service/limits.ts";
import { scratch, voken } from "../cli/support.ts";

const test = suite("the manifest for Kubernetes");

const text = await Deno.readTextFile(new URL("../../docs/deploy/kubernetes.yaml", import.meta.url));
const documents = parseAllDocuments(text).map((document) => document.toJS());
/** Classes with schemas that were made of Kubernetes' OpenAPI description. */
const kinds = { Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, Service };

// deno-lint-ignore no-explicit-any -- As the schemas check.
const [deployment, service, scaler, budget] = documents as any[];
const { spec: pod, metadata } = deployment.spec.template, [container] = pod.containers;

test("fits Kubernetes' schemas", () => {
  assert.equal(documents.map(({ kind }) => kind), [
    "Deployment",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
  ]);
  for (const document of documents) {
    const Model = kinds[document.kind as keyof typeof kinds];
    assert.is(document.apiVersion, new Model().apiVersion);
    new Model(document).validate();
    // The schemas do find mistakes.
    assert.throws(() =>
      new Model({ ...document, spec: { ...document.spec, selector: 5, maxReplicas: "x" } }).validate()
    );
  }
});

/** The errors of TypeScript for documents as literals, whose unknown fields are errors, too. */
async function typeErrors(all: readonly { apiVersion: string; kind: string }[]): Promise<string> {
  using folder = scratch();
  const lines = all.map((document, i) => {
    const { apiVersion, kind } = document;
    return `import type { I${kind} as T${i} } from "kubernetes-models/${apiVersion}";\nexport const d${i}: T${i} = ${
      JSON.stringify(document)
    };`;
  });
  await Deno.writeTextFile(folder.at("manifest.ts"), lines.join("\n"));
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "check",
      "--quiet",
      "--config",
      new URL("deno.json", import.meta.url).pathname,
      folder.at("manifest.ts"),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr);
}

test("has no field that Kubernetes does not know", async () => {
  assert.is(await typeErrors(documents), "");
  const wrong = structuredClone(deployment);
  wrong.spec.template.spec.containers[0].livenesProbe = {};
  assert.match(await typeErrors([wrong]), /livenesProbe/);
});

test("names the same things everywhere", () => {
  for (
    const selector of [
      deployment.spec.selector.matchLabels,
      service.spec.selector,
      budget.spec.selector.matchLabels,
    ]
  ) {
    assert.equal(selector, metadata.labels);
  }
  assert.is(scaler.spec.scaleTargetRef.name, deployment.metadata.name);
  assert.is(service.spec.ports[0].targetPort, container.ports[0].name);
  const [volume] = pod.volumes, [mount] = container.volumeMounts;
  assert.is(mount.name, volume.name);
  assert.is(volume.secret.defaultMode, 0o440);
  assert.ok(1000 * pod.terminationGracePeriodSeconds > 2 * defaultLimits.deadline);
});

test("gives options that voken has, and asks for health where it is told", async () => {
  const { args }: { args: string[] } = container;
  const options = args.slice(args.indexOf("serve") + 1).filter((arg) => arg.startsWith("--"));
  const { out } = await voken(["serve", "--help"]);
  for (const option of options) assert.match(out, new RegExp(`${option.split("=")[0]}\\b`), option);
  for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
    assert.match(container[probe].httpGet.path, /^\/v2\/health\/(live|ready)$/);
  }
});

test.run();
