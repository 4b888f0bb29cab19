/** The part of JSON Schema that the document uses. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** A field of an object. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

/** The fields of an object schema; empty for other schemas. */
export function fieldsOf({ properties = {}, required = [] }: Schema): Field[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    schema,
  }));
}

/** A short description of the values that a schema allows. */
export function describeSchema(schema: Schema): string {
  const byDefault = schema.default === undefined ? "" : `, default ${JSON.stringify(schema.default)}`;
  return `${kindOf(schema)}${byDefault}`;
}

function kindOf({ type = "anything", format, ...schema }: Schema): string {
  if (schema.enum) return schema.enum.join(" | ");
  // Numbers that may also be sent as text are described as numbers.
  const kinds = schema.anyOf?.filter(({ pattern }) => !pattern);
  if (kinds) return kinds.map(kindOf).join(" or ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(kindOf).join(", ")}]`;
  if (schema.items) return `list of ${kindOf(schema.items)}`;
  if (schema.properties) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  if (format === "binary") return "file";
  return `${type}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum }: Schema): string {
  // The range of safe integers is not worth mentioning.
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER) {
    return most === undefined ? "" : ` up to ${most}`;
  }
  return most === undefined ? ` from ${minimum}` : ` ${minimum}…${most}`;
}
