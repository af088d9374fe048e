import { RenderedItems } from '../../../src/live/rendered';
import { createLists } from '../../../src/process/lists';
import { publicEpisode } from '../../support/catalog';

const { latest, seriesEpisodes } = createLists();

test('an episode whose card can not be made is left out, told, and takes no other with it', () => {
  const told: string[] = [];
  const episodes = [
    publicEpisode('1'),
    publicEpisode('2', { publishedAt: 'not a time' }),
    publicEpisode('3'),
  ];
  const cards = new RenderedItems().inPage({ list: latest, language: 'en' }, episodes, 7, (_error, message) =>
    told.push(message),
  );
  expect(cards.map(({ html }) => /data-key="(\d+)"/.exec(html)?.[1])).toEqual(['1', '3']);
  expect(told).toEqual(['The episode 2 could not be rendered']);
});

test('an item says in a page what an event says beside its html, which has nothing of it', () => {
  const items = new RenderedItems();
  const item = items.of({ list: latest, language: 'en' }, publicEpisode('812'));
  expect(item).toMatchObject({ key: '812', position: `${Date.parse('2026-11-23T09:30:00.000Z')}-812` });
  expect(item.tag).toMatch(/^[0-9a-f]{13}$/);
  expect(item.html).not.toContain('data-key');
  const [shown] = items.inPage(
    { list: latest, language: 'en' },
    [publicEpisode('812')],
    10_422,
    () => undefined,
  );
  const attributes = `data-key="812" data-rev="10422" data-tag="${item.tag}" data-position="${item.position}"`;
  expect(shown?.html).toBe(item.html.replace('<li', `<li ${attributes}`));
});

test('an item that has changed has another tag, and one that has not is rendered once', () => {
  const items = new RenderedItems();
  const before = items.of({ list: latest, language: 'en' }, publicEpisode('1'));
  expect(items.of({ list: latest, language: 'en' }, publicEpisode('1'))).toBe(before);
  expect(items.of({ list: latest, language: 'en' }, publicEpisode('1', { title: 'Another' })).tag).not.toBe(
    before.tag,
  );
});

test('rows of a series are in the order of their numbers, specials behind', () => {
  const { positionOf } = seriesEpisodes;
  expect(positionOf(publicEpisode('1', { number: '12.5' }))).toBe('0-12.5');
  expect(positionOf(publicEpisode('1', { number: '2', kind: 'special' }))).toBe('1-2');
});

test('a card says in which languages the episode can be read and heard beside its own', () => {
  const languagesOf = (given: Parameters<typeof publicEpisode>[1]) =>
    [
      ...new RenderedItems()
        .of({ list: latest, language: 'en' }, publicEpisode('1', given))
        .html.matchAll(/title="([^"]*)"><span aria-hidden="true">([A-Z][a-z]+ [A-Z-]+)</g),
    ].map(([, meaning, text]) => `${text}: ${meaning}`);
  const languages = { audioLanguages: ['de', 'ja'], subtitleLanguages: ['en', 'pt-BR'] };
  expect(languagesOf(languages)).toEqual([
    'Sub EN: English subtitles',
    'Sub PT-BR: Brazilian Portuguese subtitles',
    'Dub DE: Dubbed in German',
  ]);
  expect(languagesOf({ ...languages, seriesNativeLanguage: 'de' }).at(-1)).toBe('Dub JA: Dubbed in Japanese');
  expect(languagesOf({})).toEqual([]);
});
