import { BackendError } from "../../tensor/errors.ts";
import type { Command, Operand } from "./commands.ts";
import type { Region } from "./region.ts";
import type { Session } from "./session.ts";
import type { BindingUse } from "./specialise.ts";

/** A command's pipeline, and what makes its bind groups. */
export async function bindingOf(
  session: Session,
  { command, region, split }: { command: Command; region: (operand: Operand) => Region; split: boolean },
): Promise<{ pipeline: GPUComputePipeline; bind: (first?: GPUBufferBinding) => GPUBindGroup }> {
  const { kernel, constants } = command, { device } = session;
  const regions = new Map<string, Region>(), uses: Record<string, BindingUse> = {};
  for (const [name, operand] of Object.entries(command.bindings)) {
    if (!operand) continue;
    const own = region(operand);
    // The device refuses memory that is written under two names, even if one is only read.
    const same = own.written && [...regions].find(([, region]) => samePlace(region, own));
    uses[name] = same
      ? { sameAs: same[0] }
      : { readOnly: !own.written, f16: own.f16, pieces: own.pieces.map(({ bytes }) => bytes) };
    if (!same) regions.set(name, own);
  }
  checkCount(session, { kernel, regions });
  const { pipeline, layout, bindings } = await session.pipelines.get(
    kernel,
    split ? { ...constants, SPLIT: true } : constants,
    { uses, source: command.source },
  );
  const bind = (first?: GPUBufferBinding) =>
    device.createBindGroup({
      label: kernel,
      layout,
      entries: bindings.map(({ name, index, piece }) => {
        const shown = regions.get(name)?.pieces[piece];
        const resource = shown ? { buffer: shown.buffer, offset: shown.offset, size: shown.bytes } : first!;
        return { binding: index, resource };
      }),
    });
  return { pipeline, bind };
}

function samePlace({ pieces: [a] }: Region, { pieces: [b] }: Region): boolean {
  return a!.buffer === b!.buffer && a!.offset === b!.offset;
}

function checkCount(
  { device: { limits }, maxBindingBytes }: Session,
  { kernel, regions }: { kernel: string; regions: ReadonlyMap<string, Region> },
): void {
  const count = regions.values().reduce((sum, { pieces }) => sum + pieces.length, 0);
  const most = limits.maxStorageBuffersPerShaderStage;
  if (count <= most) return;
  const [name, { pieces }] = [...regions].reduce((a, b) => b[1].pieces.length > a[1].pieces.length ? b : a);
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  throw new BackendError(`Cannot compile the program: ${name} of ${kernel} is too large for this GPU`, {
    expected: `${most} bindings of ${mebibytes(maxBindingBytes)} at most`,
    got: `${count} for all, ${pieces.length} for ${
      mebibytes(pieces.reduce((sum, { bytes }) => sum + bytes, 0))
    }`,
    hint: "run fewer or smaller images at once, or use the WASM backend",
  });
}
