import { z } from 'zod';
import { LANGUAGES } from './language';
import type { Words } from './words';

/** `?language=` of a feed, or of a calendar. */
export const feedLanguage = z
  .enum(LANGUAGES, `Must be one of ${LANGUAGES.join(', ')}.`)
  .default(LANGUAGES[0]);

/** A feed as a page names it: in its head for readers that look there, and as a link. */
export type FeedLink = {
  readonly href: string;
  /** Media type. */
  readonly type: string;
  /** What it is a feed of. */
  readonly title: string;
  readonly format: string;
};

/** In the order in which a reader that takes the first one should find them. */
const FORMATS = [
  { ending: 'atom', mediaType: 'application/atom+xml', format: 'Atom' },
  { ending: 'rss', mediaType: 'application/rss+xml', format: 'RSS' },
  { ending: 'json', mediaType: 'application/feed+json', format: 'JSON Feed' },
] as const;

/**
 * The feeds of a page, in its language.
 * @param folder path that the feeds are in, `/series/frieren`; empty for the site's
 */
export function feedLinks(
  { language }: Words,
  { title, folder, type }: { readonly title: string; readonly folder: string; readonly type?: string },
): FeedLink[] {
  const query = feedQuery({ type, language });
  return FORMATS.map(({ ending, mediaType, format }) => ({
    href: `${folder}/feed.${ending}${query}`,
    type: mediaType,
    title,
    format,
  }));
}

/**
 * The query of a feed's address, in the one spelling that the site has for it; empty for all that is posted, in English. Whoever asks for a
 * feed has no cookie, and its language must not change with theirs: so it is in the address.
 */
export function feedQuery({
  type,
  language,
}: {
  readonly type?: string | undefined;
  readonly language?: string | undefined;
}): string {
  const [, ...others] = LANGUAGES;
  const query = new URLSearchParams(type === undefined ? {} : { type });
  const other = others.find((each) => each === language);
  if (other) query.set('language', other);
  return query.size > 0 ? `?${query}` : '';
}
