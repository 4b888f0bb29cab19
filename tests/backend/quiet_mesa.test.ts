import { suite } from "uvu";
import * as assert from "uvu/assert";
import { notLinux, skipIf } from "../support/skip.ts";

const test = suite("messages of Mesa");
const adapterModule = new URL("../../src/backend/webgpu/adapter.ts", import.meta.url).href;

const { XDG_RUNTIME_DIR: _, MESA_VK_DEVICE_SELECT: __, NODEVICE_SELECT: ___, ...others } = Deno.env
  .toObject();

/** Asks for an adapter in a process of its own; returns what it wrote, with Mesa's variable at the end. */
async function ask(
  { env, permissions = ["--allow-env"] }: { env: Record<string, string>; permissions?: string[] },
): Promise<{ said: string; errors: string }> {
  const code = `import { findAdapter } from "${adapterModule}";
    await findAdapter();
    const { state } = Deno.permissions.querySync({ name: "env" });
    console.log(state === "granted" ? Deno.env.get("NODEVICE_SELECT") ?? "not set" : state);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...permissions, `data:text/typescript,${encodeURIComponent(code)}`],
    clearEnv: true,
    env: { ...others, ...env },
  }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return { said: said!, errors: errors! };
}

skipIf(notLinux, test)("are prevented where there is no desktop", async () => {
  assert.equal(await ask({ env: {} }), { said: "1", errors: "" });
});

skipIf(notLinux, test)("leave alone what the user has set", async () => {
  assert.is((await ask({ env: { MESA_VK_DEVICE_SELECT: "0:0" } })).said, "not set");
  assert.is((await ask({ env: { XDG_RUNTIME_DIR: "/run/user/0" } })).said, "not set");
  assert.is((await ask({ env: { NODEVICE_SELECT: "0" } })).said, "0");
});

skipIf(notLinux, test)("are not worth a question for permission", async () => {
  for (const permissions of [[], ["--allow-env=XDG_RUNTIME_DIR"]]) {
    const { said, errors } = await ask({ env: {}, permissions });
    assert.is(said, "prompt");
    assert.not.match(errors, /env access|NotCapable/);
  }
});

test.run();
