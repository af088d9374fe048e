import type { Request } from 'express';
import { z } from 'zod';
import { parseWholeNumber } from '../platform/text';
import { type ChangePlace, parseChangePlace } from './change-paging';
import { ClientError } from './error-handler';
import { databaseId, instant, parseInput, searchText } from './input';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

const LIMIT_ERROR = `Must be a whole number from 1 to ${MAX_LIMIT}.`;

/** `?limit=` and `?after=` of a list. */
const PAGING = {
  limit: z
    .string(LIMIT_ERROR)
    .transform(parseWholeNumber)
    .pipe(z.number(LIMIT_ERROR).min(1, LIMIT_ERROR).max(MAX_LIMIT, LIMIT_ERROR))
    .default(DEFAULT_LIMIT),
  after: databaseId.optional(),
} as const;

/** The same of a list that can also be one of what was changed since a time: then `after` is a place in that. */
export const CHANGES_PAGING = {
  ...PAGING,
  after: z.string().max(60, 'Must be what the page before has as next.').optional(),
  updatedSince: instant.optional(),
} as const;

/** The parameters of one of the two lists. @throws {ClientError} 400 when `after` is not one of that */
export function readChangesPaging({
  after,
  updatedSince,
}: {
  readonly after?: string | undefined;
  readonly updatedSince?: Date | undefined;
}):
  | { readonly after?: string | undefined }
  | { readonly since: Date; readonly place: ChangePlace | undefined } {
  if (updatedSince)
    return { since: updatedSince, place: after === undefined ? undefined : parseChangePlace(after) };
  const parsed = databaseId.optional().safeParse(after);
  if (parsed.success) return { after: parsed.data };
  throw new ClientError(400, 'A parameter of the address is not right.', [
    { field: 'after', message: parsed.error.issues[0]?.message ?? '' },
  ]);
}

export const SEARCH = { search: searchText.optional() } as const;

/**
 * Reads the parameters of a request's address. One that is not in `shape` is refused, not overlooked: `?slug=x` would answer
 * with everything. Each route of the API calls this, those without parameters with `{}`.
 * @throws ClientError 400 that names each parameter that is unknown, wrong, or there twice.
 */
export function parseParameters<Shape extends z.ZodRawShape>(
  request: Request,
  shape: Shape,
): z.output<z.ZodObject<Shape>> {
  const repeated = Object.keys(request.query).filter((name) => Array.isArray(request.query[name]));
  const parsed = parseInput(z.strictObject(shape), request.query, 'parameter');
  if (parsed.ok && repeated.length === 0) return parsed.value;
  const others = parsed.ok ? [] : parsed.errors.filter(({ field }) => !repeated.includes(field));
  throw new ClientError(400, 'A parameter of the address is not right.', [
    ...repeated.map((field) => ({ field, message: 'Must be given once.' })),
    ...others,
  ]);
}
