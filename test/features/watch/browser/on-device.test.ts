import { type Continued, ContinueList } from '../../../../src/features/watch/browser/continue-list';
import { Watched } from '../../../../src/features/watch/browser/watched';

function storage(stored: Readonly<Record<string, string>> = {}) {
  const values = new Map(Object.entries(stored));
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
}
const unavailable = () => {
  throw new Error('not allowed');
};
const continued = (series: number, episode = 1): Continued => ({
  seriesId: String(series),
  episodeId: String(series * 100 + episode),
  url: `/series/s${series}/episodes/${episode}`,
  seriesTitle: `Series ${series}`,
  seriesTitleLanguage: 'en',
  label: `Episode ${episode}`,
  seconds: 60,
  durationSeconds: 1_440,
});

describe('what was watched', () => {
  test('is known on every page, until it is taken back', () => {
    const kept = storage();
    new Watched(() => kept).set('12', true);
    new Watched(() => kept).set('12', true);
    new Watched(() => kept).set('13', true);
    expect([...new Watched(() => kept).all()]).toEqual(['12', '13']);
    new Watched(() => kept).set('12', false);
    expect(new Watched(() => kept).has('12')).toBe(false);
    expect(new Watched(() => kept).has('13')).toBe(true);
  });

  test('is limited, and the oldest goes', () => {
    const watched = new Watched(() => kept);
    const kept = storage({
      'nipnime.watched': JSON.stringify(Array.from({ length: 3_000 }, (_, id) => `${id}`)),
    });
    watched.set('new', true);
    expect(watched.all().size).toBe(3_000);
    expect(watched.has('0')).toBe(false);
    expect(watched.has('new')).toBe(true);
  });

  test.each(['{', '{}', 'null', '[1, null, {}]'])('is nothing where %s is stored', (stored) => {
    expect(new Watched(() => storage({ 'nipnime.watched': stored })).all().size).toBe(0);
  });

  test('needs no storage', () => {
    new Watched(unavailable).set('12', true);
    expect(new Watched(unavailable).has('12')).toBe(false);
  });
});

describe('what is gone on with', () => {
  test('is one episode a series, the last watched first', () => {
    const kept = storage();
    const list = new ContinueList(() => kept);
    for (const each of [continued(1), continued(2), continued(1, 2)]) list.keep(each);
    expect(list.all()).toEqual([continued(1, 2), continued(2)]);
    list.drop('1');
    expect(list.all()).toEqual([continued(2)]);
    for (let series = 10; series < 30; series++) list.keep(continued(series));
    expect(list.all()).toHaveLength(12);
    expect(list.all()[0]).toEqual(continued(29));
  });

  test('leads nowhere but to pages of the site, whatever is stored', () => {
    const stored = [
      { ...continued(1), url: 'https://elsewhere.example/' },
      { ...continued(2), url: 'javascript:alert(1)' },
      { ...continued(3), seconds: 'many' },
      null,
      continued(4),
    ];
    const list = new ContinueList(() => storage({ 'nipnime.continue': JSON.stringify(stored) }));
    expect(list.all()).toEqual([continued(4)]);
    expect(new ContinueList(() => storage({ 'nipnime.continue': '{' })).all()).toEqual([]);
    expect(new ContinueList(unavailable).all()).toEqual([]);
  });
});
