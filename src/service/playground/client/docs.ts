/** The script of the documentation page, which renders openapi.json. */
import { describeSchema, fieldsOf, type Schema } from "./docs_schema.ts";
import { element } from "./page.ts";
import { showSnippets } from "./snippets.ts";

type Contents = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Parameter {
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Contents }>>;
}

interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Creates an element with a class, a text and children. */
function make(kind: string, { className = "", text = "", children = [] }: {
  className?: string;
  text?: string;
  children?: readonly Node[];
}): HTMLElement {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.append(...text ? [text] : [], ...children);
  return made;
}

/** A table of the fields of a body or a query. */
function fieldTable(fields: readonly Parameter[]): HTMLElement {
  const rows = fields.map(({ name, required, description, schema }) =>
    make("tr", {
      children: [
        make("th", { children: [make("code", { text: name })] }),
        make("td", { text: `${describeSchema(schema)}${required ? ", required" : ""}` }),
        make("td", { text: description ?? schema.description ?? "" }),
      ],
    })
  );
  return make("div", {
    className: "wide-table",
    children: [make("table", { children: [make("tbody", { children: rows })] })],
  });
}

/** The media types of a body, each with its fields. */
function bodies(contents: Contents): HTMLElement[] {
  return Object.entries(contents).map(([type, { schema = {} }]) => {
    const fields = fieldsOf(schema);
    const name = make("code", { text: type });
    if (fields.length > 0) {
      return make("details", { children: [make("summary", { children: [name] }), fieldTable(fields)] });
    }
    const summary = schema.description ?? (schema.format === "binary" ? "the bytes" : describeSchema(schema));
    return make("p", { children: [name, new Text(`: ${summary}`)] });
  });
}

function curlOf(method: string, path: string, { parameters = [], requestBody }: Operation): string {
  const examples = parameters.filter(({ required }) => required).map(({ name, schema }) =>
    `${name}=${schema.example ?? ""}`
  );
  const query = examples.length > 0 && !path.includes("{") ? `?${examples.join("&")}` : "";
  const address = `${new URL(".", document.baseURI).href}${path.slice(1)}${query}`;
  if (method !== "post") return `curl ${address}`;
  const { content } = requestBody!;
  if (content["image/png"]) {
    return `curl ${address} \\\n  -H 'content-type: image/png' --data-binary @image.png`;
  }
  const schema = content["application/json"]!.schema!;
  const shown = fieldsOf(schema).filter(({ required, schema }) => required || schema.example !== undefined);
  const body = Object.fromEntries(shown.map(({ name, schema }) => [name, schema.example ?? []]));
  return `curl ${address.split("?")[0]} \\\n  -H 'content-type: application/json' -d '${
    JSON.stringify(body)
  }'`;
}

function section(method: string, path: string, operation: Operation): HTMLElement {
  const { summary, security, parameters = [], requestBody, responses } = operation;
  const title = make("h2", {
    children: [
      make("span", { className: `method ${method}`, text: method.toUpperCase() }),
      new Text(" "),
      make("code", { text: path }),
    ],
  });
  const copy = make("div", { className: "copy" });
  showSnippets(copy, [{ name: "curl", code: curlOf(method, path, operation) }], say);
  const answers = Object.entries(responses).map(([status, { description, content = {} }]) =>
    make("li", {
      children: [
        make("b", { text: status }),
        new Text(` ${description}`),
        ...status === "200" ? bodies(content) : [],
      ],
    })
  );
  const made = make("section", {
    children: [
      title,
      make("p", {
        text: `${summary}.${
          security ? " Requires a bearer token if the service is configured with tokens." : ""
        }`,
      }),
      ...parameters.length > 0 ? [make("h3", { text: "Query and path" }), fieldTable(parameters)] : [],
      ...requestBody ? [make("h3", { text: "Body" }), ...bodies(requestBody.content)] : [],
      make("h3", { text: "Responses" }),
      make("ul", { className: "answers", children: answers }),
      copy,
    ],
  });
  made.id = anchorOf(method, path);
  return made;
}

function anchorOf(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^a-z0-9]+/gi, "-")}`;
}

function say(text: string): void {
  element("status").textContent = text;
}

async function start(): Promise<void> {
  const response = await fetch("openapi.json");
  if (!response.ok) return say(`The server responded with status ${response.status}`);
  const { info, paths }: Document = await response.json();
  element("lead").textContent = `${info.description}. Version ${info.version}.`;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const link = document.createElement("a");
      link.href = `#${anchorOf(method, path)}`;
      link.textContent = `${method.toUpperCase()} ${path}`;
      element("contents").append(make("li", { children: [link] }));
      element("operations").append(section(method, path, operation));
    }
  }
  // The browser looked for the anchor before it existed.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

await start().catch(() => say("The server does not respond"));
