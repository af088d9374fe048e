import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';
import { cookieOf } from './cookies';

/** The languages that the pages of visitors are written in; the first one is for whoever asks for none of them. */
export const LANGUAGES = ['en', 'ja', 'de'] as const;

/** Made of English for tests of the layout: from right to left, and longer. https://cldr.unicode.org/index/pseudo */
export const PSEUDO_LANGUAGE = 'ar-XB';

export type Language = (typeof LANGUAGES)[number] | typeof PSEUDO_LANGUAGE;

export const LANGUAGE_COOKIE = 'language';

/** The language that an answer is to be in. */
export type FindLanguage = (request: IncomingMessage) => Language;

/** Longer than any browser's. */
const MAX_HEADER_LENGTH = 256;

/**
 * The language of an address that names one (`?language=ja`), else the one that was chosen on the site, else the one that the browser
 * would like best (RFC 9110, 12.5.4).
 * @param hasPseudo whether the language of tests is one
 */
export function createFindLanguage(hasPseudo: boolean): FindLanguage {
  const known = languagesOf(hasPseudo);
  const find = (text: string | undefined) => known.find((each) => each === text);
  return (request) =>
    find(namedIn(request.url)) ??
    find(cookieOf(request, LANGUAGE_COOKIE)) ??
    find(preferred(request.headers['accept-language'])) ??
    LANGUAGES[0];
}

export function languagesOf(hasPseudo: boolean): readonly Language[] {
  return hasPseudo ? [...LANGUAGES, PSEUDO_LANGUAGE] : LANGUAGES;
}

/** The address of a part of a page: in the language of the page, whatever is chosen meanwhile. */
export function inLanguage(path: string, language: Language): string {
  return `${path}${path.includes('?') ? '&' : '?'}language=${language}`;
}

function namedIn(url = ''): string | undefined {
  // Nearly no address names one.
  return url.includes('language=') ? /[?&]language=([A-Za-z-]{2,8})(?:&|$)/.exec(url)?.[1] : undefined;
}

function preferred(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const headers = { 'accept-language': header.slice(0, MAX_HEADER_LENGTH) };
  return new Negotiator({ headers }).language([...LANGUAGES]);
}
