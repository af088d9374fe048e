import { eachLanguage, type Words } from './words';

/** `23 Nov 2026, 09:30 UTC` */
export function dateTimeText(date: Date, words: Words): string {
  return `${DATE_TIME(words).format(date)} UTC`;
}
const DATE_TIME = eachLanguage(
  ({ locale }) =>
    new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: 'UTC',
    }),
);

/** `English`. @param tag BCP 47 */
export function languageName(tag: string, words: Words): string {
  return LANGUAGE_NAMES(words).of(tag) ?? tag;
}
const LANGUAGE_NAMES = eachLanguage(({ locale }) => new Intl.DisplayNames(locale, { type: 'language' }));
