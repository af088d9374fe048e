import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { projectRoot } from '../../src/platform/project';
import de from '../../src/web/messages/de.json';
import en from '../../src/web/messages/en.json';
import ja from '../../src/web/messages/ja.json';
import { ENGLISH, wordsIn } from '../../src/web/words';

const TRANSLATIONS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['ja', ja],
  ['de', de],
];

/** `{number}`, `<data>`: what a message takes, each once. */
function placeholders(elements: readonly MessageFormatElement[]): readonly string[] {
  const found = elements.flatMap((element): readonly string[] => {
    switch (element.type) {
      case TYPE.literal:
      case TYPE.pound:
        return [];
      case TYPE.tag:
        return [`<${element.value}>`, ...placeholders(element.children)];
      case TYPE.plural:
      case TYPE.select:
        return [
          `{${element.value}}`,
          ...Object.values(element.options).flatMap(({ value }) => placeholders(value)),
        ];
      default:
        return [`{${element.value}}`];
    }
  });
  return [...new Set(found)].sort();
}

function textsUnder(folder: string, endings: RegExp): string[] {
  return readdirSync(join(projectRoot(), folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => endings.test(name) && !name.includes('admin'))
    .map((name) => readFileSync(join(projectRoot(), folder, name), 'utf8'));
}

const views = textsUnder('views', /\.ejs$/);

test.each(TRANSLATIONS)(
  'all that is said in English is said in %s, with the same placeholders',
  (_, messages) => {
    expect(Object.keys(messages)).toEqual(Object.keys(en));
    for (const [key, message] of Object.entries(en))
      expect([key, placeholders(parse(messages[key] ?? ''))]).toEqual([key, placeholders(parse(message))]);
  },
);

test.each(TRANSLATIONS)('a count has the forms that %s has', (language, messages) => {
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  for (const message of Object.values(messages))
    for (const element of parse(message))
      if (element.type === TYPE.plural)
        for (const category of Object.keys(element.options)) expect(categories).toContain(category);
});

test('a tag has another name than a value of its message, or one would take the place of the other', () => {
  for (const message of Object.values(en)) {
    const names = placeholders(parse(message)).map((name) => name.slice(1, -1));
    expect(new Set(names).size).toBe(names.length);
  }
});

test('no view says what has no message', () => {
  const said = views.flatMap((view) => [...view.matchAll(/\b(?:t|parts|forms)\('([^']*)'/g)]);
  expect(said.length).toBeGreaterThan(200);
  for (const [, key] of said) expect(Object.keys(en)).toContain(key);
});

test('no message is left over', () => {
  const source = [...views, ...textsUnder('src', /\.ts$/)].join('\n');
  const isSaid = (key: string): boolean => {
    // `season.${season}`
    const [, family] = /^(.*[.])[^.]+$/.exec(key) ?? [];
    const isOfFamily = [...source.matchAll(/`([a-z.]+)\$\{[^}]*\}([a-z.]*)`/g)].some(
      ([, start = '', end = '']) => start.endsWith('.') && key.startsWith(start) && key.endsWith(end),
    );
    return source.includes(`'${key}'`) || (family !== undefined && isOfFamily);
  };
  expect(Object.keys(en).filter((key) => !isSaid(key))).toEqual([]);
});

test('numbers of episodes are written as the language does', () => {
  const episode = { number: 1012.5 };
  expect(ENGLISH.t('episode.regular', episode)).toBe('Episode 1012.5');
  expect(wordsIn('de').t('episode.regular', episode)).toBe('Folge 1012,5');
  expect(wordsIn('ja').t('episode.regular', episode)).toBe('第1012.5話');
});

test('a message with links is parts, in the order of the language', () => {
  expect(wordsIn('ja').parts('search.alsoCalled', { title: 'Frieren' })).toEqual([
    { tag: undefined, text: '別名：' },
    { tag: 'name', text: 'Frieren' },
  ]);
});

test('a script gets the forms of a count', () => {
  expect(Object.fromEntries(wordsIn('de').forms('news.episodes'))).toEqual({
    one: '{count} neue Folge',
    other: '{count} neue Folgen',
  });
});

test('a language that the site has not is English', () => {
  expect(wordsIn('fr')).toBe(ENGLISH);
});

test('the language of tests is from right to left, accented, and leaves alone what is put in', () => {
  const { direction, t, parts } = wordsIn('ar-XB');
  expect(direction).toBe('rtl');
  expect(t('browse.titleOf', { parts: 'Movie' })).toMatch(/^\u202eŠ[^A-Za-z]+\u202c Movie$/);
  expect(t('footer.about')).not.toMatch(/[A-Za-z]/);
  expect(parts('footer.source', { site: 'nipnime' }).map(({ tag }) => tag)).toContain('license');
});
