import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { updateEpisode } from '../../../src/features/episodes/repository';
import { beginNight, CHECK_JOB, createServerChecker } from '../../../src/features/server-checks/nightly';
import { listFailingServers } from '../../../src/features/server-checks/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { LOOPBACK } from '../../support/hook-target';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'correct horse battery' };

let site: TestApp;
let ada: Agent;
/** Of the host of videos: what it is asked, and what it answers. */
const asked: string[] = [];
let isWell = false;
const server = createServer((request, response) => {
  asked.push(`${request.headers.host?.split(':')[0]}${request.url}`);
  response
    .writeHead(isWell || request.url === '/good.mp4' ? 200 : 500, { 'content-type': 'video/mp4' })
    .end();
});
let port: number;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  ada = newBrowser(site);
  await sendLogin(ada, ADA).expect(303);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await site.close();
});
beforeEach(() => {
  asked.length = 0;
});

const signal = new AbortController().signal;
const turn = (began = new Date()) =>
  createServerChecker(site.database.db, { network: LOOPBACK, pauseMs: 1 })(
    { began: began.toISOString() },
    { signal },
  );
const at = (host: string, path: string) => ({
  name: `${host}${path}`,
  kind: 'file',
  url: `http://localhost:${port}/${path}`,
});

test('a night asks each server of what is public once, keeps what fails, and switches nothing off', async () => {
  const series = await newSeries(site.catalog, { title: '葬送のフリーレン' });
  const episode = await newEpisode(site.catalog, series.id, {
    videoServers: [
      at('a', 'good.mp4'),
      at('b', 'bad.mp4'),
      { ...at('c', 'off.mp4'), enabled: false },
      { name: 'own', kind: 'file', url: '/media/clip.mp4' },
    ],
  });
  await newEpisode(site.catalog, series.id, {
    number: '2',
    status: 'draft',
    videoServers: [at('d', 'draft.mp4')],
  });
  const began = new Date();
  await turn(began);
  // What fails is asked twice, each time by HEAD and for its first bytes.
  expect(asked.sort()).toEqual([...Array(4).fill('localhost/bad.mp4'), 'localhost/good.mp4']);
  await turn(began);
  expect(asked).toHaveLength(5);
  expect(await listFailingServers(site.database.db, 10)).toMatchObject([
    { episodeId: episode.id, number: '1', serverName: 'bbad.mp4', said: 'It answers 500.' },
  ]);
  const { text } = await ada.get('/admin/today').expect(200);
  expect(text).toContain('bbad.mp4: It answers 500.');
  const list = (await ada.get('/admin/episodes?servers=failing').expect(200)).text;
  expect(list).toContain(`/admin/episodes/${episode.id}/edit`);
  expect(list.match(/\/admin\/episodes\/\d+\/edit/g)?.every((url) => url.includes(`/${episode.id}/`))).toBe(
    true,
  );
  expect(await site.database.db('video_servers').where({ enabled: false })).toHaveLength(1);
});

test('what fails is forgotten when it answers again, or has another address', async () => {
  expect(await listFailingServers(site.database.db, 10)).toHaveLength(1);
  isWell = true;
  await turn();
  expect(await listFailingServers(site.database.db, 10)).toEqual([]);
  isWell = false;
  await turn();
  const [failing] = await listFailingServers(site.database.db, 10);
  await updateEpisode(
    site.catalog,
    tester,
    failing?.episodeId ?? '',
    ({ seriesId: _seriesId, ...current }) => ({
      ...current,
      videoServers: current.videoServers.map((each) => ({ ...each, url: each.url.replace('bad', 'other') })),
    }),
  );
  expect(await listFailingServers(site.database.db, 10)).toEqual([]);
});

test('is a job that goes on with itself until everything was asked', async () => {
  const jobs = async () =>
    (await site.database.db.raw('select task_identifier, key from graphile_worker.jobs')).rows;
  await beginNight(site.database.db);
  expect(await jobs()).toEqual([{ task_identifier: CHECK_JOB, key: CHECK_JOB }]);
  await site.database.db.raw('delete from graphile_worker._private_jobs');
  const began = new Date();
  await turn(began);
  expect(await jobs()).toHaveLength(1);
  await site.database.db.raw('delete from graphile_worker._private_jobs');
  await turn(began);
  expect(await jobs()).toEqual([]);
});

describe('the button of a server in the form of an episode', () => {
  const press = (fields: Readonly<Record<string, string>>, path = '/admin/series/1/episodes') =>
    ada
      .post(path)
      .set('Sec-Fetch-Site', 'same-origin')
      .type('form')
      .send(
        new URLSearchParams({
          number: '77',
          title: 'Kept as it was typed',
          'videoServers[0][name]': 'Main',
          ...fields,
        }).toString(),
      );

  test.each([
    ['/media/clip.mp4', 'A file of this site: nobody was asked.'],
    ['http://localhost:8080/1.mp4', 'Must lead to a public address'],
    ['https://10.0.0.1/1.mp4', 'Must lead to a public address'],
    ['https://video.example:6379/', 'Must have one of the ports'],
    ['not an address', 'Paste one address alone'],
  ])('says of %s: %s – and keeps what was typed', async (url, said) => {
    const { text } = await press({ 'videoServers[0][url]': url, action: 'check-server-0' }).expect(200);
    expect(text).toContain(said);
    expect(text).toContain('value="Kept as it was typed"');
    expect(text).toContain(`value="${url}"`);
    expect(await site.database.db('episodes').where({ title: 'Kept as it was typed' })).toEqual([]);
  });

  test('asks nothing where there is no such row', async () => {
    await press({ 'videoServers[0][url]': '', action: 'check-server-7' }).expect(422);
  });
});
