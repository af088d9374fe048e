import anyAscii from 'any-ascii';
import { kanaToRomaji } from '../titles/public';

export const MAX_SLUG_LENGTH = 100;

export const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * A slug for the title, in ASCII whatever its script; `series` when nothing of it can be written in ASCII.
 * @param reading how a Japanese title is read, where that is known
 */
export function slugFromTitle(title: string, reading = title): string {
  return toSlug(kanaToRomaji(reading.normalize('NFKC')));
}

function toSlug(text: string): string {
  const words = anyAscii(text)
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_SLUG_LENGTH - 5)
    // There are only single ones left.
    .replace(/-$/, '');
  return words || 'series';
}

/**
 * Whether the slug was made from the title without knowing how that is read, by this version of the code or by one that read each
 * kana for itself; perhaps with a year or a number behind it.
 */
export function isMadeSlug(slug: string, title: string): boolean {
  return [slugFromTitle(title), toSlug(title.normalize('NFKC'))].some(
    (made) =>
      slug === made ||
      (slug.startsWith(`${made}-`) && /^(\d{4}-)?\d{1,4}$/.test(slug.slice(made.length + 1))),
  );
}

/** The slug with `-2` or the like behind it, shortened so that the whole is none that is too long. */
export function slugWithSuffix(slug: string, suffix: string): string {
  return slug.slice(0, MAX_SLUG_LENGTH - suffix.length).replace(/-$/, '') + suffix;
}
