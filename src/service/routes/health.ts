import { version } from "../../version.ts";
import type { App, Parts } from "../parts.ts";

/** Endpoints for liveness, readiness, version and metrics. */
export function healthRoutes(app: App, { admission, metrics }: Parts): void {
  app.get("/v2/health/live", (c) => c.json({ live: true }));
  for (const path of ["/health", "/v2/health/ready"]) {
    app.get(path, (c) => c.json({ ready: !admission.draining }, admission.draining ? 503 : 200));
  }
  app.get("/version", (c) => c.json({ version }));
  app.get("/metrics", async (c) => {
    const text = await metrics.text();
    return text ? c.body(text.body, 200, { "content-type": text.contentType }) : c.notFound();
  });
}
