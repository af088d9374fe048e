import fc from 'fast-check';
import {
  type Choice,
  chooseServer,
  failureKey,
  formatChoices,
  nextServer,
  parseChoices,
  withChoice,
} from '../../../src/features/watch/choice';

const server = (
  name: string,
  audioLanguage: string | null,
  subtitleLanguage: string | null,
  hasFailed = false,
) => ({
  id: name,
  name,
  audioLanguage,
  subtitleLanguage,
  hasFailed,
});
const choice = (name: string, audioLanguage: string | null, subtitleLanguage: string | null): Choice => ({
  name,
  audioLanguage,
  subtitleLanguage,
});

test('plays what was chosen for the language that was chosen last', () => {
  const servers = [
    server('Alpha', 'ja', 'en'),
    server('Beta', 'ja', 'en'),
    server('Alpha', 'ja', 'de'),
    server('Beta', 'ja', 'de'),
  ];
  const english = withChoice([], choice('Beta', 'ja', 'en'));
  expect(chooseServer(servers, english)).toBe(servers[1]);
  const german = withChoice(english, choice('Alpha', 'ja', 'de'));
  expect(chooseServer(servers, german)).toBe(servers[2]);
  // An episode without German: the server that was chosen for English.
  expect(chooseServer(servers.slice(0, 2), german)).toBe(servers[1]);
  // The server is gone: another one of the language.
  expect(chooseServer(servers.slice(0, 3), withChoice(german, choice('Gamma', 'ja', 'de')))).toBe(servers[2]);
  expect(chooseServer(servers, [choice('Beta', 'fr', null)])).toBe(servers[0]);
});

test('never plays by itself what has failed', () => {
  const servers = [
    server('Alpha', 'ja', 'en', true),
    server('Beta', 'ja', 'en'),
    server('Gamma', 'ja', 'en'),
  ];
  expect(chooseServer(servers, [choice('Alpha', 'ja', 'en')])).toBe(servers[1]);
  expect(chooseServer([server('Alpha', null, null, true)], [])).toBeUndefined();
  expect(chooseServer([], [])).toBeUndefined();
});

test('leads round the list to what has not failed', () => {
  const [first, second, third] = [
    server('Alpha', null, null, true),
    server('Beta', null, null),
    server('Gamma', null, null),
  ];
  expect(nextServer([first, second, third], second)).toBe(third);
  expect(nextServer([first, second, third], third)).toBe(second);
  expect(nextServer([first, second], second)).toBeUndefined();
  expect(nextServer([second], second)).toBeUndefined();
});

test('a cookie brings back what was chosen, one of each language, in characters that a cookie may have', () => {
  const language = fc.option(fc.constantFrom('ja', 'en', 'zh-Hant', 'de', 'fr', 'es-419'));
  const choices = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 60 }), language, language));
  fc.assert(
    fc.property(choices, (chosen) => {
      let kept: readonly Choice[] = [];
      for (const [name, audio, subtitles] of chosen) kept = withChoice(kept, choice(name, audio, subtitles));
      const cookie = formatChoices(kept);
      expect(cookie).toMatch(/^[!#-+\--:<-[\]-~]*$/);
      expect(parseChoices(cookie)).toEqual(kept);
      expect(new Set(kept.map(({ name: _name, ...languages }) => JSON.stringify(languages))).size).toBe(
        kept.length,
      );
      expect(kept.length).toBeLessThanOrEqual(4);
    }),
  );
});

test.each(['', '%', 'null', '{}', '[1]', '[[1,2,3]]', '[["a",1,null]]', '%5B%5B%22a%22%5D%5D'])(
  'a damaged cookie is none: %s',
  (cookie) => expect(parseChoices(cookie)).toEqual([]),
);

test('a server that got another address has not failed yet', () => {
  const before = failureKey({ id: '1', url: 'https://a.example/1' });
  expect(failureKey({ id: '1', url: 'https://a.example/1' })).toBe(before);
  expect(failureKey({ id: '1', url: 'https://a.example/2' })).not.toBe(before);
  expect(before).toMatch(/^[\w-]+$/);
});
