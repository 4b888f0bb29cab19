import { arch, totalmem } from "node:os";
import process from "node:process";
import { Command } from "commander";
import { platform } from "../io/host.ts";
import { alignColumns } from "../graph/print.ts";
import { BackendError } from "../tensor/errors.ts";
import { modelNames } from "../models/find.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { codecFacts, wasmFacts, webgpuFacts } from "./machine.ts";
import { withJson } from "./options.ts";
import { version } from "../version.ts";

/** The largest difference from the reference of correct kernels. */
const maxError = 1e-6;

/** `voken doctor`: reports what this machine supports. */
export function doctorCommand(io: Io): Command {
  const command = new Command("doctor")
    .summary("report what this machine supports")
    .description("report what this machine supports: threads, SIMD, WebGPU adapters, codecs, versions");
  withExamples(command, ["voken doctor", "voken doctor --json"]);
  return withJson(command)
    .action(async ({ json }: { json?: true }) => {
      const facts = {
        versions: { voken: version, ...runtimeVersions() },
        system: {
          os: platform()!,
          arch: arch(),
          processors: navigator.hardwareConcurrency,
          memoryBytes: totalmem(),
        },
        wasm: await wasmFacts(),
        webgpu: await webgpuFacts(),
        codecs: await codecFacts(),
        models: modelNames,
      };
      io.out(json ? JSON.stringify(facts, null, 2) : describe(facts));
      if (facts.wasm.problem || !(facts.wasm.error! <= maxError)) {
        throw new BackendError("Cannot use the WASM backend: its kernels do not work here", {
          got: facts.wasm.problem ?? `results that differ by ${facts.wasm.error}`,
          hint: "use --backend reference, which is slow, or another runtime",
        });
      }
    });
}

/** The version of the runtime, and that of its engine. Deno and Bun also say that they are a Node. */
function runtimeVersions(): Record<string, string> {
  const { deno, bun, node, v8 } = process.versions as Record<string, string>;
  if (bun) return { bun };
  return deno ? { deno, v8: v8! } : { node: node!, v8: v8! };
}

interface Facts {
  versions: Readonly<Record<string, string>>;
  system: { os: string; arch: string; processors: number; memoryBytes: number };
  wasm: Awaited<ReturnType<typeof wasmFacts>>;
  webgpu: Awaited<ReturnType<typeof webgpuFacts>>;
  codecs: Awaited<ReturnType<typeof codecFacts>>;
  models: readonly string[];
}

function describe({ versions, system, wasm, webgpu, codecs, models }: Facts): string {
  const yesNo = (value: boolean) => value ? "yes" : "no";
  const { simd, relaxedSimd, sharedMemory } = wasm.features;
  const { adapter } = webgpu;
  const gpu = adapter
    ? `${adapter.name}${adapter.software ? " (software)" : ""}, f16 ${yesNo(adapter.f16)}, ${
      Math.round(adapter.maxBindingBytes / 2 ** 20)
    } MiB a binding; ${
      webgpu.problem ?? `kernels differ from the reference by ${webgpu.error!.toExponential(0)}`
    }`
    : "no adapter";
  const kernels = wasm.problem ??
    `variant ${wasm.variant}, ${wasm.threads} threads; differ from the reference by ${
      wasm.error!.toExponential(0)
    }`;
  return alignColumns([
    ["versions", Object.entries(versions).map(([name, value]) => `${name} ${value}`).join(", ")],
    [
      "system",
      `${system.os} ${system.arch}, ${system.processors} processors, ${gigabytes(system.memoryBytes)}`,
    ],
    ["WASM", `SIMD ${yesNo(simd)}, relaxed SIMD ${yesNo(relaxedSimd)}, shared memory ${yesNo(sharedMemory)}`],
    ["kernels", kernels],
    ["WebGPU", gpu],
    ["auto", `${webgpu.auto.name}, because ${webgpu.auto.reason}`],
    ["codecs", Object.entries(codecs).map(([name, state]) => `${name} ${state}`).join(", ")],
    ["models", models.join(", ") || "none"],
  ]).join("\n");
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
