import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lockByFile, takeLock } from "../../src/io/lock_file.ts";
import { notLinux, skipIf } from "../support/skip.ts";
import { inFolder } from "./support.ts";

const test = suite("lock files");

const holder = (pid: number) => `{"pid":${pid}}\n`;

test("one at a time has the lock, by the system's locks and without", async () => {
  for (const take of [takeLock, (path: string) => lockByFile(path, holder(Deno.pid))]) {
    await inFolder(async (folder) => {
      const path = `${folder}/lock`;
      const first = await take(path);
      assert.ok(first);
      assert.is(JSON.parse(await Deno.readTextFile(path)).pid, Deno.pid);
      assert.is(await take(path), undefined);
      await first[Symbol.asyncDispose]();
      const second = await take(path);
      assert.ok(second);
      await second[Symbol.asyncDispose]();
    });
  }
});

skipIf(notLinux, test)(
  "the file of a process that is gone does not count, one that is being written does",
  async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/lock`;
      const { pid } = await new Deno.Command("sh", { args: ["-c", "echo $$"] }).output().then((
        { stdout },
      ) => ({
        pid: Number(new TextDecoder().decode(stdout)),
      }));
      await Deno.writeTextFile(path, holder(pid));
      const taken = await lockByFile(path, holder(Deno.pid));
      assert.is(await Deno.readTextFile(path), holder(Deno.pid));
      await taken![Symbol.asyncDispose]();
      await Deno.writeTextFile(path, "");
      assert.is(await lockByFile(path, holder(Deno.pid)), undefined);
      await Deno.utime(path, 0, 0);
      assert.ok(await lockByFile(path, holder(Deno.pid)));
    });
  },
);

test("a folder that is missing is an error", async () => {
  await inFolder(async (folder) => {
    const error = await takeLock(`${folder}/none/lock`).catch((error) => error);
    assert.instance(error, Error);
  });
});

test.run();
