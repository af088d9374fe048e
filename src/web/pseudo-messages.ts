import {
  type MessageFormatElement,
  type PluralOrSelectOption,
  parse,
  TYPE,
} from '@formatjs/icu-messageformat-parser';

/** Vowels twice, as texts in other languages are longer; each letter stays legible. */
const ACCENTED: Readonly<Record<string, string>> = {
  a: 'åå',
  b: 'ƀ',
  c: 'ç',
  d: 'ð',
  e: 'éé',
  f: 'ƒ',
  g: 'ĝ',
  h: 'ĥ',
  i: 'îî',
  j: 'ĵ',
  k: 'ķ',
  l: 'ļ',
  m: 'ɱ',
  n: 'ñ',
  o: 'öö',
  p: 'þ',
  q: 'ǫ',
  r: 'ŕ',
  s: 'š',
  t: 'ţ',
  u: 'ûû',
  v: 'ṽ',
  w: 'ŵ',
  x: 'ẋ',
  y: 'ý',
  z: 'ž',
};

const RIGHT_TO_LEFT = '\u202e';
const END = '\u202c';

/** The message with its words accented, and written from right to left. What is put in stays as it is. */
export function pseudoMessage(message: string): MessageFormatElement[] {
  return parse(message).map(pseudoElement);
}

function pseudoElement(element: MessageFormatElement): MessageFormatElement {
  switch (element.type) {
    case TYPE.literal:
      return { ...element, value: pseudoText(element.value) };
    case TYPE.tag:
      return { ...element, children: element.children.map(pseudoElement) };
    case TYPE.plural:
    case TYPE.select:
      return { ...element, options: pseudoOptions(element.options) };
    default:
      return element;
  }
}

function pseudoOptions(options: Record<string, PluralOrSelectOption>): Record<string, PluralOrSelectOption> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      { ...option, value: option.value.map(pseudoElement) },
    ]),
  );
}

function pseudoText(text: string): string {
  if (!/[A-Za-z]/.test(text)) return text;
  const accented = text.replace(/[A-Za-z]/g, (letter) => {
    const lower = ACCENTED[letter.toLowerCase()] ?? letter;
    return letter === letter.toLowerCase() ? lower : lower.toUpperCase();
  });
  const middle = accented.trim();
  const start = accented.indexOf(middle);
  return `${accented.slice(0, start)}${RIGHT_TO_LEFT}${middle}${END}${accented.slice(start + middle.length)}`;
}
