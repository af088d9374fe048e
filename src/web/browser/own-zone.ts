const YEAR_S = 31_536_000;

export const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Tells the server the visitor's zone, whose days it divides time into, from the next request on.
 * @param path of the pages that are told
 * @returns false where it has been told before, or the cookie is not taken
 */
export function noteOwnZone(path: string): boolean {
  const note = `zone=${encodeURIComponent(OWN_ZONE)}`;
  const isKnown = (): boolean => document.cookie.split('; ').includes(note);
  if (isKnown()) return false;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers that the site is built for
  document.cookie = `${note}; path=${path}; max-age=${YEAR_S}; samesite=lax`;
  return isKnown();
}
