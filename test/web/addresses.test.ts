import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries } from '../support/catalog';
import { sendLogin } from '../support/login';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await createTestApp();
  token = await createApiToken(app.database.db, 'test');
  const series = await newSeries(app.catalog, { title: 'Frieren' });
  await newEpisode(app.catalog, series.id, { number: '12.5' });
});
afterAll(() => app.close());

const get = (path: string) => request(app.app).get(path).auth(token, { type: 'bearer' });

const UNREADABLE = ['%00', 'a%00b', '%E0%A4%A', '%ff', '%', '%ED%A0%80', '%zz'];

test.each(
  UNREADABLE.flatMap((part) => [
    `/${part}`,
    `/series/${part}`,
    `/series/${part}/episodes/1`,
    `/series/frieren/episodes/${part}`,
    `/series/frieren/specials/${part}`,
    `/art/1/posters/${part}.svg`,
    `/assets/${part}`,
    `/media/${part}`,
    `/admin/${part}`,
    `/admin/episodes/${part}/edit`,
    `/api/v1/episodes/${part}`,
    `/api/v1/${part}`,
  ]),
)('%s is not a fault of the site', async (path) => {
  const { status, type } = await get(path);
  expect([400, 404]).toContain(status);
  expect(type).toBe(path.startsWith('/api/') ? 'application/problem+json' : 'text/html');
});

test.each([
  '-99999999999999-1',
  '-62167219200000-1',
  '-62135596800001-1',
  '-2208988800001-1',
  '1-999999999999999999999',
  '1-0',
  '%00',
  '1-1%00',
  '%ff',
])('the page key %s is damaged', async (key) => {
  for (const path of ['/episodes/latest', '/episodes/latest/grid'])
    await get(`${path}?before=${key}`).expect(400);
});

test.each(['-2208988800000-1', '-1-1', '0-1', '99999999999999-999999999999999999'])(
  'the page key %s is one, whoever made it',
  async (key) => {
    await get(`/episodes/latest?before=${key}`).expect(200);
  },
);

test.each(['type', 'season', 'before'])('%s of the grid is refused in any odd form', async (name) => {
  for (const value of ['%00', '%ff', '\u202e', 'a&x=1', `1&${name}=2`])
    await get(`/episodes/latest?${name}=${encodeURI(value)}`).expect(400);
});

const UNSEARCHABLE = ['%00', 'a%00', '%ff', '%ED%A0%80', '%E2%80%AE', '%07', '%E2%80%8B', 'x'.repeat(301)];

test.each(UNSEARCHABLE)('nobody searches for %s', async (search) => {
  const refused = await get(`/api/v1/series?search=${search}`).expect(400);
  expect(refused.body.errors).toMatchObject([{ field: 'search' }]);
  const agent = request.agent(app.app);
  await logIn(agent);
  const { text } = await agent.get(`/admin/series?search=${search}`).expect(400);
  expect(text).toContain('What is searched for is not right.');
});

test.each([
  '/admin/episodes?seriesId=x',
  '/admin/episodes?seriesId=1&seriesId=2',
  '/admin/episodes?after=%00',
  '/admin/episodes?status=lost',
  '/admin/series?after=x',
])('the list %s is not another one', async (path) => {
  const agent = request.agent(app.app);
  await logIn(agent);
  await agent.get(path).expect(400);
  await agent.get('/admin/episodes?seriesId=&status=&after=').expect(200);
});

let admins = 0;
async function logIn(agent: ReturnType<typeof request.agent>): Promise<void> {
  const email = `ada${++admins}@example.org`;
  const password = 'correct horse battery';
  await createAdmin(app.database.db, email, password);
  await sendLogin(agent, { email, password }).expect(303);
}

test('a search finds what was typed in another form of Unicode', async () => {
  await newSeries(app.catalog, { title: 'が\u3000ＡＢＣ', slug: 'ga' });
  const { body } = await get(`/api/v1/series?search=${encodeURIComponent('か\u3099')}`).expect(200);
  expect(body.data).toMatchObject([{ slug: 'ga' }]);
});
