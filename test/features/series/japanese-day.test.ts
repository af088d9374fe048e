import type { SeriesKind, SeriesLink } from '../../../src/features/series/fields';
import { type JapaneseDay, listedDays } from '../../../src/features/series/japanese-day';
import { loadBangumiData } from '../../../src/features/transfer/bangumi-data';

type Given = {
  readonly kind?: SeriesKind;
  readonly end?: string;
  /** When streams of it began. */
  readonly streams?: readonly string[];
};

function days(begin: string, { kind = 'tv', end, streams = [] }: Given = {}) {
  const links = streams.map(
    (beginsAt): SeriesLink => ({ title: 'Stream', url: 'https://stream.example/', kind: 'onair', beginsAt }),
  );
  const endsAt = end === undefined ? null : new Date(end);
  const { begins, ends } = listedDays({ kind, beginsAt: new Date(begin), endsAt, links });
  return [begins, ends].map((day) => day && text(day));
}

function text({ year, month, day }: JapaneseDay): string {
  return new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10);
}

test.each(['movie', 'ova', 'web'] as const)('a day of a %s is the calendar day in Japan', (kind) => {
  expect(days('2025-03-06T15:00:00Z', { kind })).toEqual(['2025-03-07', null]);
  expect(days('2025-03-06T16:00:00Z', { kind })).toEqual(['2025-03-07', null]);
  expect(days('2025-03-06T14:59:59.999Z', { kind })).toEqual(['2025-03-06', null]);
  expect(days('2025-12-31T16:30:00Z', { kind })).toEqual(['2026-01-01', null]);
});

test.each([
  ['23:30', '2026-04-05T14:30:00Z', '2026-04-05'],
  ['24:00', '2026-04-05T15:00:00Z', '2026-04-05'],
  ['25:30', '2026-04-05T16:30:00Z', '2026-04-05'],
  ['28:59', '2026-04-05T19:59:00Z', '2026-04-05'],
  ['5:00 of the next day', '2026-04-05T20:00:00Z', '2026-04-06'],
  ['8:30 of the next day', '2026-04-05T23:30:00Z', '2026-04-06'],
  ['25:30 on New Year’s Eve', '2025-12-31T16:30:00Z', '2025-12-31'],
])('a broadcast at %s belongs to its evening', (_clock, begin, day) => {
  expect(days(begin, { end: begin })).toEqual([day, day]);
});

test('what the data writes for a day without a time is that day', () => {
  // Mornings: Precure on a Sunday, Shimajirō on a Monday.
  expect(days('2026-01-31T16:00:00Z', { streams: ['2026-02-01T00:00:00Z'] })).toEqual(['2026-02-01', null]);
  expect(days('2012-04-01T16:00:00Z', { end: '2012-09-23T16:00:00Z' })).toEqual(['2012-04-02', '2012-09-24']);
});

test('25:00 is a time when a stream began with the broadcast', () => {
  const streams = ['2026-04-08T15:00:00Z', '2026-04-04T16:30:00Z'];
  expect(days('2026-04-04T16:00:00Z', { streams, end: '2026-06-20T16:00:00Z' })).toEqual([
    '2026-04-04',
    '2026-06-20',
  ]);
});

test('an end at 25:00 is a time when the series is broadcast at night', () => {
  expect(days('2026-04-04T15:30:00Z', { end: '2026-06-20T16:00:00Z' })).toEqual(['2026-04-04', '2026-06-20']);
  expect(days('2026-04-04T23:30:00Z', { end: '2026-06-20T16:00:00Z' })).toEqual(['2026-04-05', '2026-06-21']);
});

test('a film has no end', () => {
  expect(days('2025-03-06T16:00:00Z', { kind: 'movie', end: '2025-03-06T18:10:00Z' })).toEqual([
    '2025-03-07',
    null,
  ]);
});

test('every film of the data set is of its day in Japan, every broadcast of that day or the evening before', async () => {
  const inJapan = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Tokyo' });
  const wrong = { film: 0, broadcast: 0 };
  let films = 0;
  for (const item of (await loadBangumiData()).items) {
    const { type, begin } = item as { type: SeriesKind; begin: string };
    const isFilm = type === 'movie';
    if (isFilm) films++;
    const [day] = days(begin, { kind: type });
    const same = inJapan.format(new Date(begin));
    const evening = inJapan.format(new Date(Date.parse(begin) - 5 * 3_600_000));
    if (day !== same && (type !== 'tv' || day !== evening)) wrong[isFilm ? 'film' : 'broadcast']++;
  }
  expect(films).toBeGreaterThan(1_500);
  expect(wrong).toEqual({ film: 0, broadcast: 0 });
});
