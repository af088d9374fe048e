import request from 'supertest';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { deleteEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, playable, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let admin: Agent;
beforeAll(async () => {
  site = await createTestApp({ TRUST_PROXY: '1' });
  await createAdmin(site.database.db, ADA.email, ADA.password);
  admin = newBrowser(site);
  await sendLogin(admin, { ...ADA, address: '203.0.113.7' }).expect(303);
});
afterAll(() => site.close());
beforeEach(() => site.database.db('playback_reports').delete());

const servers = [playable, { ...playable, name: 'Second' }];
const send = (path: string, address: string, agent: Agent = request.agent(site.app)) =>
  agent.post(path).set('Sec-Fetch-Site', 'same-origin').set('X-Forwarded-For', address).type('form');

/** What the back office lists. */
async function rows(): Promise<string[]> {
  const { text } = await admin.get('/admin/reports').expect(200);
  const [, body = ''] = /<tbody[^>]*>([\s\S]*)<\/tbody>/.exec(text) ?? [];
  return body
    .split('</tr>')
    .slice(0, -1)
    .map((row) =>
      row
        .replace(/<td role="cell" class="admin-table__actions">[\s\S]*/, '')
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    );
}

async function brokenSeries(title: string, count = 1) {
  const series = await newSeries(site.catalog, { title });
  const episodes = [];
  for (let number = 1; number <= count; number++)
    episodes.push(await newEpisode(site.catalog, series.id, { number, videoServers: servers }));
  return { series, episodes };
}

test('when no server plays, one form says so to the admins, and the page says that it is said', async () => {
  await brokenSeries('Silent');
  const viewer = request.agent(site.app);
  const path = '/series/silent/episodes/1';
  const first = await viewer.get(path).expect(200);
  expect(first.text).not.toContain('/report"');
  const next = /servers__next" href="([^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const last = await viewer.get(next).expect(200);
  expect(last.text).toContain(`action="${path}/report"`);
  const server = /name="server" value="(\d+)"/.exec(last.text)?.[1] ?? '';
  await send(`${path}/report`, '198.51.100.1', viewer)
    .send(`server=${server}`)
    .expect(303)
    .expect('Location', path);
  const after = await viewer.get(path).expect(200);
  expect(after.text).toContain('No server of this episode played here');
  expect(after.text).toContain('Reported. Whoever runs this site sees it now.');
  expect(after.text).not.toContain('/report"');
  expect(await rows()).toEqual([expect.stringMatching(/^Episode 1 Silent 1 viewer .* Main, Second$/)]);
  expect((await admin.get('/admin/episodes')).text).toMatch(/Reports <span[^>]*>1<\/span>/);
});

test('counts an address once for an episode, and not without end', async () => {
  await brokenSeries('Loud', 25);
  for (const address of ['198.51.100.2', '198.51.100.2', '198.51.100.3'])
    await send('/series/loud/episodes/1/report', address).expect(303);
  expect((await rows())[0]).toMatch(/ 2 viewers /);
  const statuses: number[] = [];
  for (let number = 2; number <= 25; number++)
    statuses.push((await send(`/series/loud/episodes/${number}/report`, '198.51.100.4')).status);
  expect(statuses).toEqual([...Array(20).fill(303), ...Array(4).fill(429)]);
  const refused = await send('/series/loud/episodes/1/report', '198.51.100.4').expect(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_000);
});

test('an admin clears what is mended, and the journal says so', async () => {
  const { episodes } = await brokenSeries('Mended', 2);
  for (const number of [1, 2]) await send(`/series/mended/episodes/${number}/report`, '198.51.100.5');
  expect(await rows()).toHaveLength(2);
  await deleteEpisode(site.catalog, tester, episodes[1]?.id ?? '');
  expect(await rows()).toHaveLength(1);
  const clear = `/admin/reports/${episodes[0]?.id}/clear`;
  await request(site.app).post(clear).set('Sec-Fetch-Site', 'same-origin').expect(403);
  expect(await rows()).toHaveLength(1);
  await admin.post(clear).set('Sec-Fetch-Site', 'same-origin').expect(303);
  expect(await rows()).toEqual([]);
  expect((await admin.get('/admin/journal').query({ action: 'report.clear' })).text).toMatch(
    /cleared the reports of[\s\S]*Episode 1 of[\s\S]*Mended/,
  );
  await admin.post(clear).set('Sec-Fetch-Site', 'same-origin').expect(303);
  expect((await admin.get('/admin/reports')).text).toContain('Somebody has cleared these reports already.');
});

test('what is not public can not be reported, nor anything by another site', async () => {
  const series = await newSeries(site.catalog, { title: 'Hidden' });
  await newEpisode(site.catalog, series.id, { number: 1, status: 'draft' });
  await newEpisode(site.catalog, series.id, { number: 2 });
  await send('/series/hidden/episodes/1/report', '198.51.100.6').expect(404);
  await send('/series/hidden/episodes/x/report', '198.51.100.6').expect(404);
  await request(site.app)
    .post('/series/hidden/episodes/2/report')
    .set('Sec-Fetch-Site', 'cross-site')
    .expect(403);
  // An id of another episode, and what no browser sends.
  for (const body of ['server=999999', 'server=x&server=y', `server=${'1'.repeat(900)}`])
    await send('/series/hidden/episodes/2/report', '198.51.100.7').send(body).expect(303);
  await send('/series/hidden/episodes/2/report', '198.51.100.7')
    .send(`server=${'1'.repeat(2_000)}`)
    .expect(413);
  expect(await rows()).toEqual([expect.stringMatching(/^Episode 2 Hidden 1 viewer /)]);
});

test('is only for admins', async () => {
  await request(site.app).get('/admin/reports').expect(303);
  await admin.post('/admin/reports/x/clear').set('Sec-Fetch-Site', 'same-origin').expect(404);
});
