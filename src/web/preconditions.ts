import type { Request } from 'express';
import { ClientError } from './error-handler';

/** Whether a thing is one that a request is meant for. @param tag its ETag; undefined where there is none */
export type Precondition = (tag: string | undefined) => boolean;

/**
 * The condition under which a request may do what it asks for: that of If-Match and, for one that may create, of
 * `If-None-Match: *` (RFC 9110, 13.1).
 * @throws {ClientError} 400 for a header that can't be read: to overlook it would be to write unconditionally
 */
export function readPrecondition(request: Request): Precondition {
  const isMatch = parseIfMatch(request.get('If-Match'));
  if (!isMatch) {
    throw new ClientError(
      400,
      'If-Match can’t be read: it is * or a list of ETags with their quotes, such as "3-frieren".',
    );
  }
  const none = request.method === 'PUT' ? request.get('If-None-Match') : undefined;
  if (none !== undefined && none.trim() !== '*')
    throw new ClientError(400, 'With a PUT, If-None-Match can only be *: there must not be one yet.');
  return (tag) => isMatch(tag) && (none === undefined || tag === undefined);
}

/** The refusal of a request whose condition does not hold. @param tag what is there; undefined where nothing is */
export function preconditionFailed(tag: string | undefined): ClientError {
  return new ClientError(
    412,
    tag === undefined
      ? 'There is nothing that If-Match could name.'
      : `It is not what the request is meant for: its ETag is ${tag} now.`,
  );
}

/** Undefined for a header that can't be read. Without one, everything will do. */
function parseIfMatch(header: string | undefined): Precondition | undefined {
  if (header === undefined) return () => true;
  if (header.trim() === '*') return (tag) => tag !== undefined;
  const expected = strongTags(header);
  return expected && ((tag) => tag !== undefined && expected.includes(tag));
}

const SEPARATOR = /[ \t,]*/y;
const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;

/** A weak one is never the same as a strong one. Undefined for what is no list of tags. */
function strongTags(header: string): readonly string[] | undefined {
  const strong: string[] = [];
  let position = endOf(SEPARATOR, header, 0);
  if (position === header.length) return undefined;
  while (position < header.length) {
    TAG.lastIndex = position;
    const [whole, weak, tag] = TAG.exec(header) ?? [];
    if (whole === undefined || tag === undefined) return undefined;
    if (weak === undefined) strong.push(tag);
    const end = position + whole.length;
    position = endOf(SEPARATOR, header, end);
    if (position < header.length && !header.slice(end, position).includes(',')) return undefined;
  }
  return strong;
}

function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return from + (pattern.exec(text)?.[0].length ?? 0);
}
