import type { FileHandle } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FileSystem, writeAtomic, writeFileAtomic } from "../../src/io/atomic.ts";
import { files } from "../../src/io/host.ts";
import { convertCheckpoint } from "../../src/models/convert.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { goldenPath, inFolder, readAll } from "./support.ts";

const test = suite("atomic writing");

const old = new TextEncoder().encode("old"), fresh = new TextEncoder().encode("new, and longer");

/** A file system whose call number `failAt` fails as on a full disk; writes take at most 20,000 bytes at a time. */
function failing(failAt: number): { fileSystem: FileSystem; calls: string[] } {
  const calls: string[] = [];
  const step = (name: string) => {
    calls.push(name);
    if (calls.length === failAt) throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
  };
  const wrapped = (file: FileHandle) =>
    new Proxy(file, {
      get(target, key) {
        if (key === "write") {
          return (bytes: Uint8Array, at: number, length: number) => {
            step("write");
            return target.write(bytes, at, Math.min(length, 20_000));
          };
        }
        if (key === "sync") {
          return () => {
            step("sync");
            return target.sync();
          };
        }
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const fileSystem: FileSystem = {
    stat: async (path) => (step("stat"), await files().stat(path)),
    realpath: async (path) => (step("realpath"), await files().realpath(path)),
    open: async (path, flags) => (step("open"), wrapped(await files().open(path, flags))),
    rename: async (from, to) => (step("rename"), await files().rename(from, to)),
    rm: async (path) => (step("rm"), await files().rm(path)),
  };
  return { fileSystem, calls };
}

async function filesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

async function fails(call: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  await call().then(() => assert.unreachable(), (error) => {
    assert.instance(error, FileError);
    assert.match(error.message, pattern);
  });
}

test("the order: temporary file, write, fsync, rename, fsync of the folder", async () => {
  await inFolder(async (folder) => {
    const { fileSystem, calls } = failing(0);
    await writeFileAtomic(`${folder}/file`, old);
    await writeFileAtomic(`${folder}/file`, fresh, { fileSystem });
    assert.equal(calls, ["stat", "realpath", "open", "write", "sync", "rename", "open", "sync"]);
    assert.equal(await Deno.readFile(`${folder}/file`), fresh);
    assert.equal(await filesIn(folder), ["file"]);
  });
});

test("if any call fails, the file is the old or the new one, and nothing else is left", async () => {
  for (let failAt = 1; failAt <= 8; failAt++) {
    await inFolder(async (folder) => {
      await writeFileAtomic(`${folder}/file`, old);
      const { fileSystem, calls } = failing(failAt);
      await fails(
        () => writeFileAtomic(`${folder}/file`, fresh, { fileSystem }),
        /no space left on the device/,
      );
      const renamed = calls.indexOf("rename") >= 0 && calls.indexOf("rename") + 1 < failAt;
      assert.equal(await Deno.readFile(`${folder}/file`), renamed ? fresh : old, `call ${failAt}`);
      assert.equal(await filesIn(folder), ["file"], `call ${failAt}`);
    });
  }
});

test("a conversion that fails at any call keeps the old model whole", async () => {
  const source = goldenPath("lightning_tiny.ckpt");
  await inFolder(async (folder) => {
    await convertCheckpoint(source, folder, { raw: true });
    const before = await readAll(folder);
    const { fileSystem, calls } = failing(0);
    await convertCheckpoint(source, folder, { fileSystem });
    const after = await readAll(folder);
    await convertCheckpoint(source, folder, { raw: true });
    // Every call but the many writes in the middle, of which some.
    const steps = calls.keys().filter((i) =>
      calls[i] !== "write" || i % 20 === 0 || calls[i + 1] !== "write"
    );
    for (const i of steps) {
      const { fileSystem } = failing(i + 1);
      await fails(() => convertCheckpoint(source, folder, { fileSystem }), /no space left|Cannot bring/);
      assert.equal(await filesIn(folder), ["config.json", "model.safetensors"], `call ${i + 1}, ${calls[i]}`);
      await using checkpoint = await openCheckpoint(folder);
      const { kind } = tokenizerWeights(checkpoint);
      // The weights' rename is the moment when the old model becomes the new one.
      assert.is(kind, i > calls.indexOf("rename") ? "ema" : "raw", `call ${i + 1}, ${calls[i]}`);
      assert.equal(await readAll(folder), kind === "ema" ? after : before);
      if (kind === "ema") await convertCheckpoint(source, folder, { raw: true });
    }
  });
});

test("a conversion that fails in a new folder leaves a model that loads, or nothing", async () => {
  const source = goldenPath("lightning_tiny.ckpt");
  await inFolder(async (folder) => {
    const { fileSystem, calls } = failing(0);
    await convertCheckpoint(source, `${folder}/whole`, { fileSystem });
    for (const i of calls.keys().filter((i) => calls[i] !== "write")) {
      const target = `${folder}/new${i}`;
      const { fileSystem } = failing(i + 1);
      await fails(() => convertCheckpoint(source, target, { fileSystem }), /no space left|Cannot bring/);
      if (i <= calls.indexOf("rename")) assert.is(await Deno.stat(target).catch(() => "none"), "none");
      else assert.is(Object.keys(await readAll(target)).length, 59);
    }
  });
});

test("an error of the writer is rethrown and no file is left", async () => {
  await inFolder(async (folder) => {
    const mine = new RangeError("mine");
    await writeAtomic(`${folder}/file`, () => Promise.reject(mine)).then(
      () => assert.unreachable(),
      (error) => assert.is(error, mine),
    );
    assert.equal(await filesIn(folder), []);
  });
});

test("a link is followed, not replaced", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/file`, old);
    await Deno.symlink(`${folder}/file`, `${folder}/link`);
    await writeFileAtomic(`${folder}/link`, fresh);
    assert.ok((await Deno.lstat(`${folder}/link`)).isSymlink);
    assert.equal(await Deno.readFile(`${folder}/file`), fresh);
  });
});

test("a folder, a missing folder, and a place that may not be written are refused", async () => {
  await inFolder(async (folder) => {
    await fails(() => writeFileAtomic(folder, fresh), /expected the name of a file, got a folder/);
    await fails(() => writeFileAtomic(`${folder}/none/file`, fresh), /no such file or folder/);
    if (Deno.build.os === "linux") {
      await fails(() => writeFileAtomic("/proc/voken", fresh), /Cannot write \/proc\/voken/);
    }
  });
});

if (Deno.build.os === "linux") {
  test("a device stays a device: /dev/full is full", async () => {
    await fails(
      () => writeFileAtomic("/dev/full", fresh),
      /Cannot write \/dev\/full: got no space left on the device/,
    );
    assert.ok((await Deno.stat("/dev/full")).isCharDevice);
    await writeFileAtomic("/dev/null", fresh);
    assert.ok((await Deno.stat("/dev/null")).isCharDevice);
  });
}

test("killed at any moment: the old file or the new one", async () => {
  await inFolder(async (folder) => {
    const module = new URL("../../src/io/atomic.ts", import.meta.url).href;
    const script = `
      import { writeFileAtomic } from ${JSON.stringify(module)};
      for (let i = 0;; i++) await writeFileAtomic(Deno.args[0], new Uint8Array(500_000).fill(65 + i % 2));
    `;
    await Deno.writeTextFile(`${folder}/script.ts`, script);
    await Deno.writeFile(`${folder}/file`, new Uint8Array(500_000).fill(65));
    for (const wait of [0, 7, 31]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-config", "--no-lock", `${folder}/script.ts`, `${folder}/file`],
        stdout: "null",
        stderr: "null",
      }).spawn();
      const first = (await Deno.stat(`${folder}/file`)).ino;
      while ((await Deno.stat(`${folder}/file`)).ino === first) {
        await new Promise((done) => setTimeout(done, 10));
      }
      await new Promise((done) => setTimeout(done, wait));
      child.kill("SIGKILL");
      await child.status;
      const bytes = await Deno.readFile(`${folder}/file`);
      assert.is(bytes.length, 500_000);
      assert.ok(bytes.every((byte) => byte === bytes[0]), "a mixture");
    }
  });
});

test.run();
