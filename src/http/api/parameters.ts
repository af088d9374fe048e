import type { Request } from 'express';
import { z } from 'zod';
import { databaseId, parseInput, searchText } from '../../catalog/input';
import { parseWholeNumber } from '../../platform/text';
import { ClientError } from '../error-handler';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

const LIMIT_ERROR = `Must be a whole number from 1 to ${MAX_LIMIT}.`;

/** `?limit=` and `?after=` of a list. */
export const PAGING = {
  limit: z
    .string(LIMIT_ERROR)
    .transform(parseWholeNumber)
    .pipe(z.number(LIMIT_ERROR).min(1, LIMIT_ERROR).max(MAX_LIMIT, LIMIT_ERROR))
    .default(DEFAULT_LIMIT),
  after: databaseId.optional(),
} as const;

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
