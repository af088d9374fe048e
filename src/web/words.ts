import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { IntlMessageFormat } from 'intl-messageformat';
import { type LANGUAGES, type Language, languagesOf, PSEUDO_LANGUAGE } from './language';
import de from './messages/de.json';
import en from './messages/en.json';
import ja from './messages/ja.json';
import { pseudoMessage } from './pseudo-messages';

export type MessageKey = keyof typeof en;

type MessageValues = Readonly<Record<string, string | number>>;

/** Something to be said in whichever language. */
export type Message = { readonly key: MessageKey; readonly values?: MessageValues | undefined };

/** A part of a message: within a tag of it, or between them. */
type MessagePart = { readonly tag: string | undefined; readonly text: string };

/** All that is said in one language. */
export type Words = {
  readonly language: Language;
  /** As `<html dir>` has it. */
  readonly direction: 'ltr' | 'rtl';
  /** What dates, numbers and names of languages are written by. */
  readonly locale: string;
  /** The message as plain text. @throws when a value is missing */
  readonly t: (key: MessageKey, values?: MessageValues) => string;
  /** The parts of a message that has tags, for a view that makes elements of them. */
  readonly parts: (key: MessageKey, values?: MessageValues) => readonly MessagePart[];
  /**
   * The forms of a message that is one plural, by the category of Intl.PluralRules, with `{count}` where the number goes: for a
   * script that counts.
   */
  readonly forms: (key: MessageKey) => readonly (readonly [category: string, text: string])[];
};

const MESSAGES: Readonly<Record<(typeof LANGUAGES)[number], Readonly<Record<MessageKey, string>>>> = {
  en,
  ja,
  de,
};

/** Dates are in the order that they have in most of the world. */
const LOCALES: Readonly<Record<Language, string>> = {
  en: 'en-GB',
  ja: 'ja',
  de: 'de',
  [PSEUDO_LANGUAGE]: 'ar',
};

const known = new Map<Language, Words>();

/** The words of a language; English ones for what is none of the site. Messages are parsed when they are first said. */
export function wordsIn(language: string): Words {
  const own = languagesOf(true).find((each) => each === language) ?? 'en';
  const words = known.get(own) ?? createWords(own);
  known.set(own, words);
  return words;
}

/** Of the back office, the log, and what scripts are answered. */
export const ENGLISH = wordsIn('en');

/** What is made once for each language: a format, say. */
export function eachLanguage<T>(make: (words: Words) => T): (words: Words) => T {
  const made = new Map<Language, T>();
  return (words) => {
    const value = made.get(words.language) ?? make(words);
    made.set(words.language, value);
    return value;
  };
}

/** What is said in these words. A text is English; where that is not asked for, `general` takes its place. */
export function saidIn(words: Words, said: string | Message, general?: MessageKey): string {
  if (typeof said === 'object') return words.t(said.key, said.values);
  return general === undefined || words.language === 'en' ? said : words.t(general);
}

function createWords(language: Language): Words {
  const locale = LOCALES[language];
  const formats = new Map<MessageKey, IntlMessageFormat>();
  const formatOf = (key: MessageKey): IntlMessageFormat => {
    const format = formats.get(key) ?? new IntlMessageFormat(messageOf(language, key), locale);
    formats.set(key, format);
    return format;
  };
  return {
    language,
    direction: language === PSEUDO_LANGUAGE ? 'rtl' : 'ltr',
    locale,
    t: (key, values) => String(formatOf(key).format(values)),
    parts: (key, values) => partsOf(formatOf(key), values),
    forms: (key) => formsOf(messageOf(language, key)),
  };
}

function messageOf(language: Language, key: MessageKey): MessageFormatElement[] {
  return language === PSEUDO_LANGUAGE ? pseudoMessage(en[key]) : parse(MESSAGES[language][key]);
}

function partsOf(format: IntlMessageFormat, values: MessageValues = {}): MessagePart[] {
  const tags = Object.fromEntries(
    tagsOf(format.getAst()).map((tag) => [
      tag,
      (chunks: readonly unknown[]): MessagePart => ({ tag, text: chunks.join('') }),
    ]),
  );
  const said: unknown = format.format<MessagePart>({ ...values, ...tags });
  return [said].flat().map((part) => (isPart(part) ? part : { tag: undefined, text: String(part) }));
}

function tagsOf(elements: readonly MessageFormatElement[]): readonly string[] {
  return elements.flatMap((element) => (element.type === TYPE.tag ? [element.value] : []));
}

function isPart(part: unknown): part is MessagePart {
  return typeof part === 'object' && part !== null && 'tag' in part;
}

function formsOf([plural, ...others]: readonly MessageFormatElement[]): (readonly [string, string])[] {
  if (plural?.type !== TYPE.plural || others.length > 0) throw new Error('The message is not one plural.');
  return Object.entries(plural.options).map(([category, { value }]) => [
    category,
    value.map((each) => (each.type === TYPE.literal ? each.value : '{count}')).join(''),
  ]);
}
