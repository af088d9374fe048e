/**
 * Rules for text from outside: of a form, the API, an address, a search, the log-in. All code that reads such text goes through
 * here, so that none of it lets in what another part refuses.
 */

/** Returns false for NUL and for halves of surrogate pairs, which Postgres and UTF-8 can't hold. */
export function isStorableText(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/** Characters that nobody types on purpose, each with the reason why it is refused. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
  [/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/, 'a control character'],
  [/\p{Surrogate}/u, 'only half a character'],
  // XML, and with it a feed, can't hold them.
  [/\p{Noncharacter_Code_Point}/u, 'no character at all'],
  // Left open, they turn what follows on the page, too.
  [/[\u202a-\u202e\u2066-\u2069]/, 'a mark that turns the direction of text'],
];

/** White space, what has no width, and the blank Braille cell, which is a character like any other to Unicode. */
const ALL_INVISIBLE = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]+$/u;

/** Says what is wrong with text that somebody typed, in words for them. Returns undefined when nothing is; empty text is right. */
export function textProblem(text: string): string | undefined {
  for (const [pattern, what] of REFUSED) {
    const [character] = pattern.exec(text) ?? [];
    if (character !== undefined) return `Must not contain ${codePoint(character)}, which is ${what}.`;
  }
  const hasOnlyInvisible = ALL_INVISIBLE.test(text) && /\P{White_Space}/u.test(text);
  return hasOnlyInvisible ? 'Must contain something that can be seen.' : undefined;
}

function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${hex}`;
}

/** Returns text as it is kept, in NFC and with `\n` between its lines, so that text which looks the same is the same. */
export function normalizeText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .normalize('NFC')
    .trim();
}

/**
 * `７００１３，５` → `70013,5`: what a Japanese keyboard writes of ASCII. Not NFKC, which would also turn `12²` into `122`.
 */
export function toHalfWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/\u3000/g, ' ');
}

/** A whole number of at most 15 digits, of whichever width; NaN for any other text, `0x10` and `1e2` among them. */
export function parseWholeNumber(text: string): number {
  const digits = toHalfWidth(text).trim();
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
}
