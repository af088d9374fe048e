import { createAdmin } from '../../../src/features/accounts/admin-users';
import { recordMinutes } from '../../../src/features/today/minutes';
import { pruneMinutes, readMinutes, recordMinute } from '../../../src/features/today/repository';
import { recordReport } from '../../../src/features/watch/report-repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';
import { until } from '../../support/until';

const HOUR_MS = 3_600_000;
const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;

beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303).expect('Location', '/admin');
});
afterAll(() => site.close());

/** A series that has been broadcast each week, the last time so many hours ago. */
async function newAiring(title: string, hoursAgo: number) {
  const series = await newSeries(site.catalog, { title });
  const begins = new Date(Date.now() - hoursAgo * HOUR_MS - 56 * 24 * HOUR_MS);
  await site.database
    .db('series')
    .where({ id: series.id })
    .update({ begins_at: begins, broadcast: `R/${begins.toISOString()}/P7D` });
  return series;
}

async function rows(path: string): Promise<readonly string[]> {
  const { text } = await agent.get(path).expect(200);
  return [...text.matchAll(/<tr role="row">\s*<th class="admin-table__main".*?<\/tr>/gs)].map(([row]) =>
    row
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

test('is where the back office begins, and only for admins', async () => {
  await agent.get('/admin').expect(303).expect('Location', '/admin/today');
  await newBrowser(site).get('/admin/today').expect(303);
  await newBrowser(site).get('/admin/today/minutes.json').expect(303);
});

test('lists what has aired and is not here, with a link to a form that is filled in, until it is posted', async () => {
  const airing = await newAiring('Airing', 5);
  await newAiring('Nobody posts this', 4);
  const seventh = await newEpisode(site.catalog, airing.id, { number: 7 });
  await site.database
    .db('episodes')
    .where({ id: seventh.id })
    .update({ published_at: new Date(Date.now() - 170 * HOUR_MS) });
  const [row = '', ...others] = await rows('/admin/today');
  expect(others).toEqual([]);
  expect(row).toMatch(/^Airing Episode 8 .* Aired 5 h 0 min ago Post/);
  const all = (await rows('/admin/today?series=all')).map((each) => each.slice(0, 16));
  expect(all).toEqual(['Airing Episode 8', 'Nobody posts thi']);
  const { text } = await agent.get('/admin/today').expect(200);
  const [, form = ''] = /href="(\/admin\/series\/\d+\/episodes\/new)"/.exec(text) ?? [];
  expect((await agent.get(form).expect(200)).text).toMatch(
    /name="number"[^>]*value="8"|value="8"[^>]*name="number"/,
  );
  const { id } = await newEpisode(site.catalog, airing.id, { number: 8, status: 'draft' });
  const [draft = ''] = await rows('/admin/today');
  expect(draft).toMatch(/^Airing Episode 8 Draft .* Go on/);
  expect((await agent.get('/admin/today')).text).toContain(`href="/admin/episodes/${id}/edit"`);
  await newEpisode(site.catalog, airing.id, { number: 9 });
  expect(await rows('/admin/today')).toEqual([]);
});

test('says what is scheduled next, and which servers viewers report', async () => {
  const series = await newSeries(site.catalog, { title: 'Scheduled & reported' });
  const publishAt = new Date(Date.now() + HOUR_MS).toISOString();
  await newEpisode(site.catalog, series.id, { number: 2, status: 'scheduled', publishAt });
  const { id, videoServers } = await newEpisode(site.catalog, series.id, { number: 1 });
  await recordReport(
    site.database.db,
    id,
    videoServers.map((server) => server.id),
  );
  const { text } = await agent.get('/admin/today').expect(200);
  expect(text).toContain(`datetime="${publishAt}"`);
  expect(text).toContain('Scheduled &amp; reported</span> – Episode 2');
  expect(text).toContain('1 viewer');
  expect(text).toContain(`/admin/episodes/${id}/edit#field-videoServers`);
});

test('each minute is noted once, with the most that any node knew of, and how much changed in it', async () => {
  const { db } = site.database;
  const minute = new Date('2026-11-26T15:04:00Z');
  await db('live_log').insert({
    seq: 900_001,
    kind: '',
    key: '',
    topics: [],
    type: 'reset',
    created_at: '2026-11-26T15:04:59.999Z',
  });
  await db('live_log').insert({
    seq: 900_002,
    kind: '',
    key: '',
    topics: [],
    type: 'reset',
    created_at: '2026-11-26T15:05:00Z',
  });
  await recordMinute(db, minute, 12);
  await recordMinute(db, minute, 9);
  // The site of the test may note a minute of its own meanwhile.
  expect((await readMinutes(db, minute))[0]).toEqual({ minute, browsers: 12, changes: 1 });
});

test('at the end of a minute the node notes it, and waits for the next one', async () => {
  const { db } = site.database;
  const waits: { readonly ms: number; readonly task: () => void }[] = [];
  const stop = recordMinutes({
    db,
    clock: {
      now: () => 0,
      random: () => 0,
      soon: () => () => undefined,
      after: (ms, task) => {
        waits.push({ ms, task });
        return () => waits.splice(0);
      },
    },
    whispers: { lastOf: () => [{ topic: 'site', key: 'browsers', value: 41 }] },
    onError: (error) => {
      throw error;
    },
  });
  expect(waits[0]?.ms).toBeGreaterThan(1_000);
  expect(waits[0]?.ms).toBeLessThanOrEqual(61_000);
  waits[0]?.task();
  await until(async () =>
    (await readMinutes(db, new Date(Date.now() - 120_000))).some(({ browsers }) => browsers === 41),
  );
  expect(waits).toHaveLength(2);
  stop();
  expect(waits).toHaveLength(0);
});

test('the chart gets a column each, with a hole where no node ran, and what is old is forgotten', async () => {
  const { db } = site.database;
  await db('site_minutes').delete();
  const chart = /data-minutes="[^"]+"[^>]*data-keeps-room/;
  expect((await agent.get('/admin/today')).text).not.toMatch(chart);
  const thisMinuteMs = Math.floor(Date.now() / 60_000) * 60_000;
  const minute = (minutesAgo: number): Date => new Date(thisMinuteMs - minutesAgo * 60_000);
  for (const [ago, browsers] of [
    [30, 5],
    [10, 7],
    [9, 8],
    [9 * 24 * 60, 1],
  ] as const)
    await recordMinute(db, minute(ago), browsers);
  const { body } = await agent.get('/admin/today/minutes.json').expect(200);
  // The site of the test may have noted a minute of its own behind them.
  expect(body[1].slice(0, 4)).toEqual([5, null, 7, 8]);
  expect(body[0].slice(0, 4)).toEqual([30, 29, 10, 9].map((ago) => minute(ago).getTime() / 1_000));
  const { text } = await agent.get('/admin/today');
  expect(text).toContain('The most in the last 24 hours: 8');
  expect(text).toMatch(chart);
  await pruneMinutes(db);
  const kept = await readMinutes(db, new Date(0));
  expect(kept.slice(0, 3).map(({ browsers }) => browsers)).toEqual([5, 7, 8]);
});
