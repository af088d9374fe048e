import type { RequestHandler } from 'express';
import { isStorableText } from '../platform/text';
import { ClientError } from './error-handler';
import { parseInput, searchText } from './input';

/**
 * Refuses paths that no page of the site can have, so that no route has to look for itself: those that are not well-formed
 * UTF-8 when they are decoded, and those with a NUL, which Postgres can't hold.
 */
export const refuseUnreadablePaths: RequestHandler = (request, _response, next) => {
  const path = decodedPath(request.path);
  if (path === undefined)
    throw new ClientError(400, 'The address is not well-formed: a % is followed by no character.');
  if (!isStorableText(path)) throw new ClientError(404, { key: 'error.nothing' });
  next();
};

function decodedPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Reads `?search=`. Returns an empty text when there is none. @throws {ClientError} 400 for text that nobody can search for */
export function parseSearch(value: unknown): string {
  const parsed = parseInput(searchText, value ?? '');
  if (parsed.ok) return parsed.value;
  const errors = parsed.errors.map(({ message }) => ({ field: 'search', message }));
  throw new ClientError(400, `What is searched for is not right. ${errors[0]?.message ?? ''}`.trim(), errors);
}
