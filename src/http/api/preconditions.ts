import type { Request } from 'express';
import type { Episode } from '../../catalog/episode';
import { ClientError } from '../error-handler';

/** The strong ETag of what the API says of an episode: its address, which has the slug of the series in it, is a part of it. */
export function episodeTag({ version, seriesSlug }: Pick<Episode, 'version' | 'seriesSlug'>): string {
  return `"${version}-${seriesSlug}"`;
}

/**
 * Reads the header If-Match (RFC 9110, 13.1.1); returns a function that throws a ClientError 412 for an episode that is not
 * one of those that the header names. To be called in the transaction that writes.
 * @throws ClientError 400 for a header that can't be read: to overlook it would be to write unconditionally.
 */
export function createPrecondition(request: Request): (current: Episode) => void {
  const header = request.get('If-Match');
  const expected = header === undefined ? 'any' : parseTags(header);
  return (current) => {
    if (expected === 'any' || expected.includes(episodeTag(current))) return;
    throw new ClientError(
      412,
      `The episode is not the one that If-Match names: its ETag is ${episodeTag(current)} now.`,
    );
  };
}

const SEPARATOR = /[ \t,]*/y;
const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;

/** The strong tags of the header; a weak one is never the same as a strong one. */
function parseTags(header: string): 'any' | readonly string[] {
  if (header.trim() === '*') return 'any';
  const strong: string[] = [];
  let position = endOf(SEPARATOR, header, 0);
  if (position === header.length) throw malformed();
  while (position < header.length) {
    TAG.lastIndex = position;
    const [whole, weak, tag] = TAG.exec(header) ?? [];
    if (whole === undefined || tag === undefined) throw malformed();
    if (weak === undefined) strong.push(tag);
    const end = position + whole.length;
    position = endOf(SEPARATOR, header, end);
    if (position < header.length && !header.slice(end, position).includes(',')) throw malformed();
  }
  return strong;
}

function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return from + (pattern.exec(text)?.[0].length ?? 0);
}

function malformed(): ClientError {
  return new ClientError(
    400,
    'If-Match can’t be read: it is * or a list of ETags with their quotes, such as "3-frieren".',
  );
}
