import { OpenAPIHono } from "@hono/zod-openapi";
import { version } from "../../version.ts";
import { paths } from "../openapi/paths.ts";
import type { App } from "../parts.ts";

/** Serves the OpenAPI document, which is built from the schemas that validate requests. */
export function openapiRoute(app: App): void {
  let document: object | undefined;
  app.get("/openapi.json", (c) => c.json(document ??= describeService()));
}

function describeService(): object {
  const collector = new OpenAPIHono(), registry = collector.openAPIRegistry;
  registry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  for (const path of paths) registry.registerPath(path);
  return collector.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Voken",
      version,
      description: "Images to tokens and back, and images of classes, by Open-MAGVIT2",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/", description: "This server" }],
    tags: [
      { name: "tokens", description: "Images to tokens and back" },
      { name: "images", description: "Images of classes, compatible with OpenAI's API" },
      { name: "models", description: "What is served" },
      { name: "operation", description: "For those who run the service" },
    ],
  });
}
