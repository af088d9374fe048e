import { openTasks, type SeriesEpisodes } from '../../../src/features/today/queue';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-11-26T15:00:00Z');
const at = (hours: number): string => new Date(NOW.getTime() + hours * HOUR_MS).toISOString();
const broadcast = (hours: number, seriesId = '1') => ({
  seriesId,
  seriesSlug: 'frieren',
  seriesTitle: 'Frieren',
  seriesTitleLanguage: 'en',
  at: at(hours),
});
const episode = (number: string, hours: number | undefined) => ({
  id: `id-${number}`,
  number,
  isDraft: hours === undefined,
  at: hours === undefined ? undefined : new Date(at(hours)),
});
const tasks = (
  hours: readonly number[],
  episodes: SeriesEpisodes | undefined,
  usual?: { readonly medianMs: number; readonly spreadMs: number },
) =>
  openTasks(
    hours.map((each) => broadcast(each)),
    new Map(episodes && [['1', episodes]]),
    new Map(usual && [['1', usual]]),
    NOW,
  ).map(({ number, state, draftId, usualAt }) => ({
    number,
    state,
    draftId,
    usualAt: usualAt?.toISOString(),
  }));
const task = (number: string, state: string, more = {}) => ({
  number,
  state,
  draftId: undefined,
  usualAt: undefined,
  ...more,
});

test('a broadcast whose episode was posted, a little ahead of it or long after, or is scheduled, is no task', () => {
  for (const hours of [-0.9, 0.1, 100])
    expect(tasks([0], { lastNumber: '4', episodes: [episode('4', hours)] })).toEqual([]);
  expect(tasks([0], { lastNumber: '4', episodes: [episode('4', -1.1)] })).toHaveLength(1);
});

test('what is posted for a broadcast is not taken for the next one', () => {
  const posted = { lastNumber: '4', episodes: [episode('4', -20)] };
  expect(tasks([-24, -1], posted)).toEqual([task('5', 'aired')]);
});

test('numbers go on from the last one that is no draft, also where several are missing', () => {
  expect(tasks([-48, -24, 2], { lastNumber: '11.5', episodes: [] })).toEqual([
    task('12', 'late'),
    task('13', 'late'),
    task('14', 'to-come'),
  ]);
  expect(tasks([2], undefined)).toEqual([task('1', 'to-come')]);
});

test('a draft with its number is what the task goes on with', () => {
  const draft = { lastNumber: '4', episodes: [episode('5', undefined), episode('6', undefined)] };
  expect(tasks([-1], draft)).toEqual([task('5', 'aired', { draftId: 'id-5' })]);
});

test('late is what a habit, its spread and ten minutes of grace leave behind; without a habit three hours', () => {
  const usual = (minutes: number) => ({ medianMs: minutes * 60_000, spreadMs: 60_000 });
  const known = { lastNumber: '4', episodes: [] };
  const usualAt = (minutes: number) => ({
    usualAt: new Date(NOW.getTime() - HOUR_MS + minutes * 60_000).toISOString(),
  });
  expect(tasks([-1], known, usual(49))).toEqual([task('5', 'late', usualAt(49))]);
  expect(tasks([-1], known, usual(50))).toEqual([task('5', 'aired', usualAt(50))]);
  expect(tasks([-2.9], known)).toEqual([task('5', 'aired')]);
  expect(tasks([-3.1], known)).toEqual([task('5', 'late')]);
});

test('tasks of several series are in the order of their broadcasts', () => {
  const found = openTasks(
    [broadcast(-3, '2'), broadcast(-2, '1'), broadcast(-1, '2')],
    new Map(),
    new Map(),
    NOW,
  );
  expect(found.map(({ seriesId, number }) => [seriesId, number])).toEqual([
    ['2', '1'],
    ['1', '1'],
    ['2', '2'],
  ]);
});
