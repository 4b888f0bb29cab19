import * as assert from "uvu/assert";
import { nginx } from "./nginx.ts";
import { served } from "./served.ts";
import { smallModel } from "../support/small_model.ts";
import { metricOf } from "./support.ts";
import type { Target } from "./soak.ts";

/**
 * Two replicas behind nginx, of which one is killed half-way. What it was just sending breaks; nginx asks the other one for all
 * that it had not begun to send.
 */
export async function replicas(args: readonly string[]): Promise<Target> {
  await using stack = new AsyncDisposableStack();
  const [lasting, killed] = await Promise.all(
    [0, 1].map(async () => stack.use(await served([...args, "--trust-proxy"], { read: [smallModel] }))),
  );
  const { url, client } = stack.use(await nginx([lasting!.port, killed!.port]));
  const owned = stack.move();
  return {
    server: lasting!,
    fetch: (path, init) => fetch(url + path, { ...init, client } as RequestInit),
    async halfway() {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const metrics = await (await fetch(`${killed!.url}/metrics`)).text();
      const inside = ["running", "waiting"].map((name) => metricOf(metrics, `voken:num_requests_${name}`));
      assert.ok(inside[0]! + inside[1]! > 0, "the replica that is killed has requests");
      await killed!.end("SIGKILL");
    },
    // At most what all clients ask for at that time, of which the killed one had half.
    mayBreak: 64,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
