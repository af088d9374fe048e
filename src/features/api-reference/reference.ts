type JsonObject = Readonly<Record<string, unknown>>;

/** Text whose odd parts are code. */
type Parts = readonly { readonly text: string; readonly isCode: boolean }[];

type FieldView = {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly about: Parts;
};

type OperationView = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: Parts;
  readonly scope: string;
  readonly parameters: readonly FieldView[];
  /** The name of the schema of what is sent. */
  readonly body: string | undefined;
  readonly curl: string;
  readonly answers: readonly { readonly status: string; readonly about: Parts }[];
};

/** The description of an API as its page shows it. */
type Reference = {
  readonly groups: readonly { readonly name: string; readonly operations: readonly OperationView[] }[];
  readonly schemas: readonly { readonly name: string; readonly fields: readonly FieldView[] }[];
  readonly errors: readonly { readonly status: string; readonly about: Parts }[];
};

/** @param document of OpenAPI 3.1 @param api where it is: `https://anime.example/api/v1` */
export function referenceOf(document: JsonObject, api: string): Reference {
  const operations = entriesOf(document.paths).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]) => ({
      tag: listOf(operation.tags)[0],
      view: operationView(method, path, operation, api),
    })),
  );
  const errors = new Map(
    operations.flatMap(({ view }) =>
      view.answers.filter(({ status }) => status >= '400').map((error) => [error.status, error]),
    ),
  );
  const schemas = entriesOf(objectOf(document.components).schemas);
  return {
    groups: listOf(document.tags).map((tag) => {
      const name = textOf(objectOf(tag).name);
      return { name, operations: operations.filter((each) => each.tag === name).map(({ view }) => view) };
    }),
    schemas: schemas.flatMap(([name, schema]) => {
      const fields = fieldsOf(schema);
      return fields.length === 0 ? [] : [{ name, fields }];
    }),
    errors: [...errors.values()].sort((one, other) => one.status.localeCompare(other.status)),
  };
}

function operationView(method: string, path: string, operation: JsonObject, api: string): OperationView {
  const parameters = listOf(operation.parameters).map(objectOf);
  const content = objectOf(objectOf(operation.requestBody).content);
  const body = objectOf(content['application/json']);
  const isPicture = content['image/*'] !== undefined;
  const address = path.replace(/\{(\w+)\}/g, (_, name) => {
    const parameter = parameters.find((each) => each.name === name);
    return textOf(parameter?.example) || '1';
  });
  return {
    id: textOf(operation.operationId),
    method: method.toUpperCase(),
    path,
    summary: partsOf(textOf(operation.summary)),
    scope: textOf(listOf(objectOf(listOf(operation.security)[0]).token)[0]),
    parameters: parameters.map((parameter) => ({
      name: textOf(parameter.name),
      type: `${typeText(objectOf(parameter.schema))}, in the ${parameter.in === 'query' ? 'query' : parameter.in}`,
      isRequired: parameter.required === true,
      about: partsOf(textOf(parameter.description)),
    })),
    body: nameOf(objectOf(body.schema)),
    curl: curlOf(method, `${api}${address}`, body.example, isPicture),
    answers: entriesOf(operation.responses).map(([status, { description }]) => ({
      status,
      about: partsOf(textOf(description)),
    })),
  };
}

function curlOf(method: string, url: string, example: unknown, isPicture: boolean): string {
  const head = `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} '${url}' \\\n  -H "Authorization: Bearer $TOKEN"`;
  if (isPicture) return `${head} -H 'Content-Type: image/jpeg' \\\n  --data-binary @picture.jpg`;
  if (example === undefined) return head;
  const json = JSON.stringify(example, null, 2).replaceAll("'", "'\\''");
  return `${head} -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}

function fieldsOf(schema: JsonObject): readonly FieldView[] {
  const required = new Set(listOf(schema.required));
  return entriesOf(schema.properties).map(([name, property]) => {
    const initial =
      property.default === undefined ? '' : `. At first \`${JSON.stringify(property.default)}\``;
    return {
      name,
      type: typeText(property),
      isRequired: required.has(name),
      about: partsOf(`${textOf(property.title) || textOf(property.description)}${initial}`),
    };
  });
}

/** A type in words: `list of text`, `draft, hidden or null`. */
function typeText(schema: JsonObject): string {
  if (schema.$ref !== undefined) return nameOf(schema) ?? '';
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = [...listOf(schema.anyOf), ...listOf(schema.oneOf)].map((each) => typeText(objectOf(each)));
  if (choices.length > 0) return [...new Set(choices)].join(' or ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeText({ type })).join(' or ');
  if (schema.type === 'array') return `list of ${typeText(objectOf(schema.items))}`;
  if (schema.type === 'object')
    return `object of ${entriesOf(schema.properties)
      .map(([name]) => name)
      .join(', ')}`;
  if (schema.type === 'string') return schema.format === 'date-time' ? 'time' : 'text';
  return textOf(schema.type) || 'anything';
}

function nameOf(schema: JsonObject): string | undefined {
  return textOf(schema.$ref).split('/').at(-1) || undefined;
}

function partsOf(text: string): Parts {
  return text
    .split('`')
    .map((part, index) => ({ text: part, isCode: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}

// The document is ours, but as wide as JSON.
function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function entriesOf(value: unknown): readonly (readonly [string, JsonObject])[] {
  return Object.entries(objectOf(value)).map(([name, each]) => [name, objectOf(each)]);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
