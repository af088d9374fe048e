import { feedLinks, feedQuery } from './feed-links';
import { inLanguage, LANGUAGES, type Language } from './language';
import type { MessageKey, Words } from './words';

/** The links on top, by the `section` that is current there. */
const NAVIGATION: readonly { readonly section: string; readonly word: MessageKey; readonly url: string }[] = [
  { section: 'latest', word: 'nav.latest', url: '/episodes/latest' },
  { section: 'series', word: 'nav.series', url: '/series' },
  { section: 'following', word: 'nav.following', url: '/following' },
  { section: 'schedule', word: 'nav.schedule', url: '/schedule' },
  { section: 'about', word: 'nav.about', url: '/about' },
];

/** What every view of a page for visitors may use, besides `ViewLocals`. @param path of the page, with its query */
export function pageLocals(words: Words, path: string) {
  const { t, language } = words;
  return {
    ...words,
    navigation: NAVIGATION.map(({ word, ...link }) => ({ ...link, label: t(word) })),
    addressIn,
    /** Of the address of any feed. */
    feedQuery: feedQuery({ language }),
    siteFeeds: feedLinks(words, { title: t('latest.title'), folder: '' }),
    siteLanguages: LANGUAGES.map((each) => ({
      language: each,
      name: LANGUAGE_NAMES[each],
      isCurrent: each === language,
      url: `/language?${new URLSearchParams({ to: each, back: withoutLanguage(path) })}`,
    })),
  };
}

/** The one address of a page in a language: for whoever asks for none, as search engines do, the bare one is English. */
function addressIn(path: string, language: Language): string {
  return language === LANGUAGES[0] ? path : inLanguage(path, language);
}

/** Each in itself: who looks for it reads it. */
const LANGUAGE_NAMES = { en: 'English', ja: '日本語', de: 'Deutsch' } as const;

/** An address that names a language would go on doing so. */
function withoutLanguage(path: string): string {
  return path.replace(/([?&])language=[^&]*(&|$)/, (_, before, after) => (after === '&' ? before : ''));
}
