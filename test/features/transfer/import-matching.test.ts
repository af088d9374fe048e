import fc from 'fast-check';
import { matchSeries, type Recognisable } from '../../../src/features/transfer/import-matching';

const APRIL = new Date('2026-04-05T14:15:00Z');
const JULY = new Date('2026-07-05T14:15:00Z');

function keyed(keys: readonly string[], given: Partial<Recognisable> = {}): Recognisable {
  return { keys, kind: 'tv', beginsAt: APRIL, ...given };
}

/** For each item the index of its series, or undefined. */
function match(items: readonly Recognisable[], series: readonly Recognisable[]) {
  const { seriesOf } = matchSeries(items, series);
  return items.map((_, index) => seriesOf.get(index));
}

test.each(['bangumi:1', 'bangumi-data:0123456789abcdef', 'anidb:1', 'aniList:1', 'mal:1'])(
  'a series is recognised by %s alone, whatever else has changed',
  (key) => {
    expect(match([keyed([key, 'title:New'], { beginsAt: JULY })], [keyed([key, 'title:Old'])])).toEqual([0]);
  },
);

test.each(['netflix:1', 'official:https://anime.example/', 'title:Anime'])(
  'a series is recognised by %s when it begins at about the same time, and not as another season or a film',
  (key) => {
    expect(match([keyed([key])], [keyed([key])])).toEqual([0]);
    expect(match([keyed([key], { beginsAt: new Date('2026-04-12T14:15:00Z') })], [keyed([key])])).toEqual([
      0,
    ]);
    expect(match([keyed([key], { beginsAt: JULY })], [keyed([key])])).toEqual([undefined]);
    expect(match([keyed([key], { beginsAt: null })], [keyed([key])])).toEqual([undefined]);
    expect(match([keyed([key], { kind: 'movie' })], [keyed([key])])).toEqual([undefined]);
  },
);

test('a title with a link is enough for a series that was put off', () => {
  const keys = ['title:Anime', 'netflix:1'];
  expect(match([keyed(keys, { beginsAt: JULY })], [keyed(keys)])).toEqual([0]);
});

test('the link may be that of many seasons', () => {
  const seasons = Array.from({ length: 12 }, (_, index) => keyed(['official:x', `title:Anime ${index}`]));
  const putOff = seasons.map((season) => ({ ...season, beginsAt: JULY }));
  expect(match(putOff, seasons)).toEqual(seasons.map((_, index) => index));
});

test('seasons that share their links are told apart', () => {
  const first = keyed(['bangumi:1', 'netflix:1', 'tmdb:1', 'title:Anime']);
  const second = keyed(['bangumi:2', 'netflix:1', 'tmdb:1', 'title:Anime 2'], { beginsAt: JULY });
  expect(match([second, first], [first])).toEqual([undefined, 0]);
  expect(match([second, first], [first, second])).toEqual([1, 0]);
  // The first one is gone from the data: the second is not taken for it.
  expect(match([second], [first])).toEqual([undefined]);
});

test('an id that moved to another item takes the series with it only where nothing better speaks for one', () => {
  const old = keyed(['bangumi:1', 'bangumi-data:aaaa']);
  const corrected = keyed(['bangumi:2', 'bangumi-data:aaaa']);
  const other = keyed(['bangumi:1', 'bangumi-data:bbbb'], { beginsAt: JULY });
  expect(match([other, corrected], [old])).toEqual([undefined, 0]);
  expect(matchSeries([other, corrected], [old]).lookalikesOf).toEqual(new Map([[0, 0]]));
});

test('the items of a co-production, which share an id, keep their series', () => {
  const japanese = keyed(['bangumi:1', 'language:1@ja', 'bangumi-data:aaaa']);
  const chinese = keyed(['bangumi:1', 'language:1@zh-Hans', 'bangumi-data:aaaa']);
  expect(match([chinese, japanese], [japanese, chinese])).toEqual([1, 0]);
  expect(match([chinese], [japanese, chinese])).toEqual([1]);
});

test('a series that an older import brought twice is one, and the other is told', () => {
  const { seriesOf, doublesOf } = matchSeries(
    [keyed(['bangumi:1', 'bangumi-data:aaaa'])],
    [keyed(['bangumi-data:aaaa']), keyed(['bangumi:1'])],
  );
  expect(seriesOf).toEqual(new Map([[0, 0]]));
  expect(doublesOf).toEqual(new Map([[1, 0]]));
});

test('a key that all have tells nothing, and takes no time', () => {
  const many = Array.from({ length: 20_000 }, (_, index) =>
    keyed(['official:x', 'bangumi:x', `anidb:${index}`]),
  );
  const start = performance.now();
  expect(match(many, many)).toEqual(many.map((_, index) => index));
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('no item is two series and no series two items, and each that nobody else resembles finds itself', () => {
  const keys = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('bangumi', 'bangumi-data', 'mal', 'netflix', 'title'), fc.nat(5))
      .map((key) => key.join(':')),
    { maxLength: 4 },
  );
  const some = fc.array(
    fc.record({
      keys,
      kind: fc.constantFrom('tv' as const, 'movie' as const),
      beginsAt: fc.constantFrom(APRIL, JULY, null),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(some, some, (items, series) => {
      const { seriesOf, doublesOf, lookalikesOf } = matchSeries(items, series);
      expect(new Set(seriesOf.values()).size).toBe(seriesOf.size);
      for (const index of doublesOf.keys()) expect([...seriesOf.values()]).not.toContain(index);
      for (const index of lookalikesOf.keys()) expect(seriesOf.has(index)).toBe(false);
      const named = items.map((one, index) => ({ ...one, keys: [...one.keys, `bangumi-data:own${index}`] }));
      expect(match(named, named).filter((found) => found === undefined)).toEqual([]);
    }),
  );
});
