import request from 'supertest';
import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { episodeInput, newEpisode, newSeries, tester } from '../../support/catalog';
import { listen, openStream } from '../../support/stream-client';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const WEEK = '/schedule?week=2031-01-01';
const SCHEDULED = { status: 'scheduled', publishAt: '2031-01-01T12:00:00Z', announced: true } as const;
const get = (path: string) => request(app.app).get(path);
const dayOf = (html: string, day: string): string =>
  html.split('<section ').find((section) => section.includes(`id="day-${day}"`)) ?? '';
const edit = (id: string, input: Record<string, unknown>) =>
  updateEpisode(app.catalog, tester, id, () => episodeInput(input));

test('an announced episode stands on its day, with nothing but series, kind, number and time', async () => {
  const series = await newSeries(app.catalog, {
    title: '薬屋のひとりごと',
    titleLanguage: 'ja',
    slug: 'hitorigoto',
  });
  const { id } = await newEpisode(app.catalog, series.id, {
    ...SCHEDULED,
    kind: 'special',
    number: 2.5,
    title: 'SecretTitle',
    synopsis: 'SecretSynopsis',
    durationSeconds: 4_242,
    videoServers: [{ name: 'SecretServer', kind: 'file', url: 'https://secret.example/1.mp4' }],
  });
  const { text, headers } = await get(WEEK).expect(200);
  expect(headers).toMatchObject({
    'cache-control': 'private, no-cache',
    vary: expect.stringContaining('Cookie'),
  });
  const day = dayOf(text, '2031-01-01');
  expect(day).toContain(`data-key="${id}"`);
  expect(day).toContain('<span lang="ja" data-item-title>薬屋のひとりごと</span>');
  expect(day).toContain('Special 2.5');
  expect(day).toContain('href="/series/hitorigoto"');
  expect(day).toContain('12:00 <span class="slot__zone">UTC</span>');
  expect(text).not.toMatch(/secret|\b4242\b|1:10:42|specials\/2\.5/i);
  expect(dayOf(text, '2031-01-02')).not.toContain('data-key');
});

test('nothing of an episode that is scheduled and not announced is on the page or on the stream', async () => {
  const series = await newSeries(app.catalog, { title: 'Unannounced', slug: 'unannounced' });
  const other = await newSeries(app.catalog, { title: 'Announced', slug: 'announced' });
  const { server, url } = await listen(app);
  const stream = await openStream(`${url}/events?topics=schedule,latest`);
  await stream.next('hello');
  const hidden = { ...SCHEDULED, announced: false, number: 7, title: 'SecretTitle' };
  const { id } = await newEpisode(app.catalog, series.id, hidden);
  await edit(id, { ...hidden, publishAt: '2031-01-02T12:00:00Z' });
  await edit(id, { ...hidden, status: 'draft', announced: true });
  await deleteEpisode(app.catalog, tester, id);
  const mark = await newEpisode(app.catalog, other.id, SCHEDULED);
  const { data } = await stream.next('upsert');
  expect(data).toMatchObject({ topic: 'schedule', key: mark.id, isNew: false });
  expect(stream.events.filter(({ type }) => type === 'upsert' || type === 'remove')).toHaveLength(1);
  expect(JSON.stringify(stream.events)).not.toMatch(/unannounced|secret/i);
  expect((await get(WEEK)).text).not.toMatch(/unannounced|secret/i);
  stream.close();
  server.close();
});

test('at its time it is the same item, which can be watched now; and it is gone when it is hidden', async () => {
  const series = await newSeries(app.catalog, { title: 'Due', slug: 'due' });
  const { server, url } = await listen(app);
  const stream = await openStream(`${url}/events?topics=schedule`);
  await stream.next('hello');
  const publishAt = new Date(Date.now() + 1_500).toISOString();
  const { id } = await newEpisode(app.catalog, series.id, { ...SCHEDULED, publishAt });
  const announced = await stream.next('upsert');
  // The node's own scheduler publishes it.
  const published = await stream.next('upsert');
  expect([announced.data.key, published.data.key]).toEqual([id, id]);
  expect(published.data.position).toBe(announced.data.position);
  expect(announced.data.html).toContain('href="/series/due"');
  expect(published.data.html).toContain('href="/series/due/episodes/1"');
  expect(published.data.isNew).toBe(true);
  expect(
    dayOf((await get(`/schedule?day=${publishAt.slice(0, 10)}`)).text, publishAt.slice(0, 10)),
  ).toContain('href="/series/due/episodes/1"');
  await edit(id, { status: 'hidden' });
  expect((await stream.next('remove')).data).toMatchObject({ topic: 'schedule', key: id });
  stream.close();
  server.close();
});

test('broadcasts of a series are expected on their days, but not where it has an episode, or is hidden', async () => {
  const airing = async (title: string, more: Record<string, unknown> = {}) => {
    const series = await newSeries(app.catalog, { title, ...more });
    await app.database.db('series').where({ id: series.id }).update({
      begins_at: '2031-02-04T15:30:00Z',
      broadcast: 'R/2031-02-04T15:30:00.000Z/P7D',
    });
    return series;
  };
  const [weekly, known] = [await airing('Weekly'), await airing('Known')];
  await airing('Hidden airing', { visible: false });
  const ended = await airing('Ended airing');
  await app.database.db('series').where({ id: ended.id }).update({ ends_at: '2031-02-04T16:00:00Z' });
  await newEpisode(app.catalog, known.id, { ...SCHEDULED, publishAt: '2031-02-11T18:00:00Z' });

  const { text } = await get('/schedule?week=2031-02-11').expect(200);
  const tuesday = dayOf(text, '2031-02-11');
  expect(tuesday).toContain(`href="/series/${weekly.slug}"`);
  expect(tuesday.split('Expected broadcasts')[1]).not.toContain('Known');
  expect(text).not.toMatch(/(Hidden|Ended) airing/);
  expect(text.match(/slot--expected/g)).toHaveLength(1);

  // In Japan half past midnight: another day.
  const tokyo = await get('/schedule?week=2031-02-11').set('Cookie', 'zone=Asia%2FTokyo');
  expect(dayOf(tokyo.text, '2031-02-12')).toContain(`href="/series/${weekly.slug}"`);
  expect(dayOf(tokyo.text, '2031-02-12').split('Expected broadcasts')[1]).not.toContain('Known');
  // Nobody waits for a broadcast that is over, and two seasons are as far as an open end is believed.
  expect((await get('/schedule?week=2032-02-11')).text).not.toContain('slot--expected');
});

test.each([
  '/schedule?week=tomorrow',
  '/schedule?day=2031-02-30',
  '/schedule?week=2031-01-01&week=2031-01-02',
])('%s is refused in words', async (path) => {
  const { text } = await get(path).expect(400);
  expect(text).toContain('A day of the schedule is written such as 2026-11-24.');
});

test('a day without anything says so, and the weeks around are linked', async () => {
  const { text } = await get('/schedule?week=2040-05-05').expect(200);
  expect(text.match(/No episodes yet\./g)).toHaveLength(7);
  expect(text).toContain('href="/schedule?week=2040-04-23" rel="prev"');
  expect(text).toContain('href="/schedule?week=2040-05-07" rel="next"');
});
