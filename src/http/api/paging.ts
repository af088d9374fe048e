import { databaseId } from '../../catalog/input';
import { ClientError } from '../error-handler';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** `?limit=` and `?after=` of a list. */
export function parsePaging(query: Readonly<Record<string, unknown>>): {
  readonly limit: number;
  readonly after?: string;
} {
  const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw invalidParameter('limit', `Must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  return { limit, ...parseIdParameter(query, 'after') };
}

/** An optional id in the query, under its own name. */
export function parseIdParameter<Name extends string>(
  query: Readonly<Record<string, unknown>>,
  name: Name,
): { readonly [key in Name]?: string } {
  const value = query[name];
  if (value === undefined) return {};
  const parsed = databaseId.safeParse(value);
  if (!parsed.success) throw invalidParameter(name, 'Must be an id: a whole number.');
  return { [name]: parsed.data } as { [key in Name]: string };
}

export function invalidParameter(field: string, message: string): ClientError {
  return new ClientError(400, 'A parameter of the address is not right.', [{ field, message }]);
}

/** One page of a list: read one more than asked for, to know whether there is a next page. */
export function toPage<T extends { readonly id: string }, Out>(
  rows: readonly T[],
  limit: number,
  toJson: (row: T) => Out,
): { readonly data: Out[]; readonly next: string | null } {
  const data = rows.slice(0, limit);
  return { data: data.map(toJson), next: rows.length > limit ? (data.at(-1)?.id ?? null) : null };
}
