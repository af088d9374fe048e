import { broadcastsUntil, nextBroadcasts, seasonOf } from '../../../src/features/series/broadcast';
import { parseBroadcastRule } from '../../../src/features/series/broadcast-rule';
import { japaneseDay } from '../../../src/features/series/japanese-day';

/** The broadcasts of the rule as ISO 8601 without seconds. */
function broadcasts(
  rule: string,
  {
    now = '2030-01-01T00:00:00Z',
    end,
    knownUntil = now,
    limit = 100,
  }: { now?: string; end?: string; knownUntil?: string; limit?: number } = {},
): string[] {
  const parsed = parseBroadcastRule(rule);
  if (!parsed) throw new Error(`${rule} was not understood`);
  const extent = end === undefined ? { knownUntil: new Date(knownUntil) } : { endsAt: new Date(end) };
  const times = broadcastsUntil(parsed, extent, { now: new Date(now), limit });
  return times.map((time) => time.toISOString().slice(0, 16));
}

describe('a broadcast rule', () => {
  test.each([
    '',
    'R/2026-04-05/P7D',
    'R/2026-13-05T14:15:00.000Z/P7D',
    'R/2026-04-05T14:15:00.000Z/PT1H',
    'weekly',
  ])('that can not be read is refused: %j', (text) => expect(parseBroadcastRule(text)).toBeUndefined());

  test('P7D has one broadcast a week up to the end', () => {
    expect(broadcasts('R/2026-04-05T14:15:00.000Z/P7D', { end: '2026-04-19T14:15:00Z' })).toEqual([
      '2026-04-05T14:15',
      '2026-04-12T14:15',
      '2026-04-19T14:15',
    ]);
  });

  test('has a last broadcast whether the end is when that begins, when it is over, or a little earlier than usual', () => {
    const rule = 'R/2025-01-10T14:40:00.000Z/P7D';
    expect(broadcasts(rule, { end: '2025-01-24T14:40:00Z' })).toHaveLength(3);
    expect(broadcasts(rule, { end: '2025-01-24T15:10:00Z' })).toHaveLength(3);
    expect(broadcasts(rule, { end: '2025-01-24T14:00:00Z' })).toEqual([
      '2025-01-10T14:40',
      '2025-01-17T14:40',
      '2025-01-24T14:00',
    ]);
    expect(broadcasts(rule, { end: '2025-01-23T14:40:00Z' })).toHaveLength(2);
  });

  test('has the broadcasts that have passed, the one of this moment among them', () => {
    const rule = 'R/2026-04-05T14:15:00.000Z/P7D';
    expect(broadcasts(rule, { now: '2026-04-05T14:14:59Z' })).toEqual([]);
    expect(broadcasts(rule, { now: '2026-04-12T14:15:00Z' })).toHaveLength(2);
    expect(broadcasts(rule, { now: '2026-04-12T14:14:00Z', end: '2026-04-12T14:15:00Z' })).toHaveLength(1);
  });

  test('without an end goes on as far as it is known, and not beyond the limit', () => {
    expect(broadcasts('R/1969-10-05T09:30:00.000Z/P7D', { limit: 20 })).toHaveLength(20);
    const rule = 'R/2026-04-05T14:15:00.000Z/P7D';
    expect(broadcasts(rule, { knownUntil: '2026-04-19T14:15:00Z' })).toHaveLength(3);
    expect(broadcasts(rule, { knownUntil: '2026-04-19T14:14:00Z' })).toHaveLength(2);
    expect(
      broadcasts(rule, { knownUntil: '2026-04-19T14:15:00Z', now: '2026-04-06T00:00:00Z' }),
    ).toHaveLength(1);
  });

  test('without an end has its first broadcast even if it is not known to go on', () => {
    const rule = 'R/2026-04-05T14:15:00.000Z/P7D';
    expect(broadcasts(rule, { knownUntil: '2026-01-01T00:00:00Z' })).toEqual(['2026-04-05T14:15']);
  });

  test('P0D is one broadcast, whatever the end says', () => {
    const rule = 'R/2023-08-19T14:00:00.000Z/P0D';
    expect(broadcasts(rule)).toEqual(['2023-08-19T14:00']);
    expect(broadcasts(rule, { end: '2022-08-19T14:00:00Z' })).toEqual(['2023-08-19T14:00']);
    expect(broadcasts(rule, { now: '2023-08-19T13:00:00Z' })).toEqual([]);
  });

  test('P1D and P2D count days, exactly up to the end', () => {
    expect(broadcasts('R/2023-03-22T00:30:00.000Z/P1D', { end: '2023-03-24T22:00:00Z' })).toEqual([
      '2023-03-22T00:30',
      '2023-03-23T00:30',
      '2023-03-24T00:30',
    ]);
    expect(broadcasts('R/2025-04-29T16:00:00.000Z/P2D', { end: '2025-05-03T16:00:00Z' })).toEqual([
      '2025-04-29T16:00',
      '2025-05-01T16:00',
      '2025-05-03T16:00',
    ]);
  });

  test('P1M keeps the day of the month in Japan, as far as the month has it', () => {
    // 1 o'clock on the 31st in Japan.
    expect(broadcasts('R/2025-01-30T16:00:00.000Z/P1M', { limit: 4 })).toEqual([
      '2025-01-30T16:00',
      '2025-02-27T16:00',
      '2025-03-30T16:00',
      '2025-04-29T16:00',
    ]);
  });

  test('that starts after the end has no broadcast', () => {
    expect(broadcasts('R/2018-10-01T23:24:00.000Z/P7D', { end: '2011-03-27T23:24:00Z' })).toEqual([]);
  });
});

describe('a season', () => {
  test.each([
    ['2026-01-10T15:00:00Z', 'tv', 2026, 'winter'],
    ['2026-04-05T14:15:00Z', 'tv', 2026, 'spring'],
    ['2026-07-01T14:15:00Z', 'web', 2026, 'summer'],
    ['2026-10-01T14:15:00Z', 'ova', 2026, 'fall'],
    // New Year in Japan.
    ['2025-12-31T15:00:00Z', 'movie', 2026, 'winter'],
    // In the last week of a quarter: a TV series is of the next, a film is not.
    ['2026-03-25T14:00:00Z', 'tv', 2026, 'spring'],
    ['2026-03-24T14:00:00Z', 'tv', 2026, 'winter'],
    ['2026-03-25T14:00:00Z', 'movie', 2026, 'winter'],
    ['2025-12-28T14:00:00Z', 'tv', 2026, 'winter'],
  ] as const)('of %s (%s) is %i %s', (begin, kind, year, season) => {
    expect(seasonOf(japaneseDay(new Date(begin)), kind)).toEqual({ year, season });
  });
});

describe('the next broadcast', () => {
  const weekly = { broadcast: 'R/2026-10-03T15:00:00.000Z/P7D', beginsAt: new Date('2026-10-03T15:00:00Z') };
  const next = (series: Parameters<typeof nextBroadcasts>[0], now: string) =>
    nextBroadcasts(series, new Date(now), 1)[0]?.toISOString();

  test.each([
    [
      'a week after the last one',
      { ...weekly, endsAt: null },
      '2026-11-26T10:00:00Z',
      '2026-11-28T15:00:00.000Z',
    ],
    [
      'after the one that begins now',
      { ...weekly, endsAt: null },
      '2026-11-28T15:00:00Z',
      '2026-12-05T15:00:00.000Z',
    ],
    [
      'the first one, however long ahead',
      { ...weekly, endsAt: null },
      '2026-01-01T00:00:00Z',
      '2026-10-03T15:00:00.000Z',
    ],
    [
      'not after the end',
      { ...weekly, endsAt: new Date('2026-12-19T15:00:00Z') },
      '2026-12-19T15:00:00Z',
      undefined,
    ],
    [
      'not two years after, when no end is known',
      { ...weekly, endsAt: null },
      '2028-10-07T00:00:00Z',
      undefined,
    ],
    [
      'not without a rule',
      { broadcast: null, beginsAt: null, endsAt: null },
      '2026-11-26T10:00:00Z',
      undefined,
    ],
  ])('is %s', (_, series, now, expected) => {
    expect(next(series, now)).toBe(expected);
  });
});
