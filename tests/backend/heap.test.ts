import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { align, firstAddress, Heap } from "../../src/backend/wasm/heap.ts";
import { inferenceBuild, kernelModule } from "../../src/backend/wasm/builds.ts";
import { instantiate, kernelMemory } from "../../src/backend/wasm/kernels.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { Workspace } from "../../src/backend/wasm/workspace.ts";
import { OutOfMemoryError } from "../../src/backend/out_of_memory.ts";
import { BackendError } from "../../src/tensor/errors.ts";

const test = suite("WASM memory");

function heap(maximum = 1000, guarded = false): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1, maximum }), { guarded });
}

test("the kernels' own constants end below the first block", async () => {
  for (const build of [inferenceBuild, trainingKernels.build]) {
    const memory = kernelMemory("simd");
    instantiate(await kernelModule("simd", build), memory);
    const last = new Uint8Array(memory.buffer).findLastIndex((byte) => byte !== 0);
    assert.ok(last > 0 && last < firstAddress, `they end at ${last}`);
  }
});

test("blocks never overlap, are aligned, and all can be given back", () => {
  const step = fc.oneof(
    fc.record({ allocate: fc.integer({ min: 0, max: 300_000 }) }),
    fc.record({ free: fc.nat(30) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, guarded) => {
    const memory = heap(1000, guarded);
    const blocks: { address: number; bytes: number }[] = [];
    for (const step of steps) {
      if ("allocate" in step) {
        const block = { address: memory.allocate(step.allocate), bytes: step.allocate };
        assert.is(block.address % align, 0);
        assert.ok(block.address > 0 && block.address + block.bytes <= memory.reserved);
        for (const { address, bytes } of blocks) {
          assert.ok(address + bytes <= block.address || block.address + block.bytes <= address);
        }
        blocks.push(block);
      } else {
        const [block] = blocks.splice(step.free % (blocks.length || 1), 1);
        if (block) memory.free(block.address);
      }
      assert.ok(memory.allocated >= blocks.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    for (const { address } of blocks) memory.free(address);
    assert.is(memory.allocated, 0);
    // Freed blocks join: what they took together is one block again.
    const before = memory.reserved;
    memory.free(memory.allocate(before - 2 * firstAddress));
    assert.is(memory.reserved, before);
  }));
});

test("when memory lacks, the error names what was wanted and what is in use", () => {
  const memory = heap(32);
  memory.allocate(1 << 20);
  assert.throws(() => memory.allocate(3 << 20), (error: unknown) => {
    return error instanceof BackendError && error.message.includes("3 MiB") &&
      error.message.includes("1 MiB");
  });
  memory.allocate(1 << 19);
});

test("guards find a stray write before or after a block", () => {
  for (const offset of [-4, 24 + 8]) {
    const memory = heap(32, true);
    const [block] = [memory.allocate(24), memory.allocate(24)];
    memory.f32(block!, 6).fill(1);
    memory.f32(block! + 24, 2).fill(1);
    assert.equal(memory.damaged(), [], "a vector's rest may be written");
    memory.f32(block! + offset, 1).fill(1);
    assert.equal(memory.damaged(), [{ address: block, bytes: 24 }]);
  }
});

test("memory of a guarded heap holds NaN until it is written", () => {
  const memory = heap(32, true);
  assert.ok(memory.f32(memory.allocate(400), 100).every(Number.isNaN));
});

test("a workspace is as large as its most demanding program needs", () => {
  const memory = heap(), workspace = new Workspace(memory);
  const keep = () => memory.allocate(1000);
  const first = workspace.add(100_000, keep);
  assert.is(workspace.bytes, 100_000);
  const second = workspace.add(50_000, keep);
  assert.is(workspace.bytes, 100_000);
  const third = workspace.add(700_000, keep);
  assert.is(workspace.bytes, 700_000);
  assert.ok(workspace.at(1) > Math.max(first, second, third), "it grows at the end of the memory");
  assert.is(memory.allocated, 700_032 + 3 * 1024);
  workspace.remove(700_000);
  assert.is(workspace.bytes, 100_000);
  workspace.remove(100_000);
  workspace.remove(50_000);
  for (const address of [first, second, third]) memory.free(address);
  assert.is(memory.allocated, 0);
});

test("a workspace that cannot grow serves the programs that it has", () => {
  const memory = heap(32), workspace = new Workspace(memory);
  workspace.add(1_000_000, () => 0);
  assert.throws(() => workspace.add(3_000_000, () => 0), (error: unknown) => error instanceof BackendError);
  assert.ok(workspace.at(1_000_000) > 0);
  assert.is(workspace.bytes, 1_000_000);
});

test("a workspace that was given back grows to what the next program needs", () => {
  const memory = heap(), workspace = new Workspace(memory);
  workspace.add(700_000, () => 0);
  workspace.add(100_000, () => 0);
  workspace.release();
  assert.is(memory.allocated, 0);
  workspace.at(100_000);
  assert.is(workspace.bytes, 100_000);
  workspace.at(700_000);
  assert.is(workspace.bytes, 700_000);
});

test("a program that needs more than the limit is refused, and changes nothing", () => {
  const memory = heap(), workspace = new Workspace(memory, { most: 1 << 20 });
  workspace.add(1 << 20, () => 0);
  const before = memory.allocated;
  assert.throws(
    () => workspace.add((1 << 20) + 1, () => memory.allocate(1000)),
    (error: unknown) => error instanceof OutOfMemoryError && error.lack.most === 1 << 20,
  );
  assert.is(memory.allocated, before);
});

test("blocks keep addresses and contents in another memory, and what lies between is given back", () => {
  const sizes = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 400_000 }), kept: fc.boolean() }));
  fc.assert(fc.property(sizes, fc.boolean(), (wanted, guarded) => {
    const memory = heap(1000, guarded);
    const all = wanted.map(({ bytes, kept }, i) => ({ address: memory.allocate(bytes), bytes, kept, i }));
    const bytesOf = ({ address, bytes }: { address: number; bytes: number }) =>
      new Uint8Array(memory.memory.buffer, address, bytes);
    for (const block of all) bytesOf(block).fill(block.i + 1);
    for (const { address, kept } of all) if (!kept) memory.free(address);
    const kept = all.filter(({ kept }) => kept), before = memory.memory;
    memory.moveTo(new WebAssembly.Memory({ initial: 1, maximum: 1000 }));
    assert.is.not(memory.memory, before);
    assert.is(memory.spare, 0);
    for (const block of kept) assert.ok(bytesOf(block).every((byte) => byte === block.i + 1));
    if (guarded) assert.equal(memory.damaged(), []);
    const end = Math.max(firstAddress, ...kept.map(({ address, bytes }) => address + bytes));
    assert.ok(
      memory.reserved <= Math.ceil((end + 2 * align) / 65536) * 65536,
      `${memory.reserved} of ${end}`,
    );
    for (const { address } of kept) memory.free(address);
    assert.is(memory.allocated, 0);
  }));
});

test.run();
