import { createAdmin } from '../../../src/features/accounts/admin-users';
import { findEpisode } from '../../../src/features/episodes/queries';
import { updateEpisode } from '../../../src/features/episodes/repository';
import { findSeries } from '../../../src/features/series/repository';
import { exportCatalog } from '../../../src/features/transfer/catalog-export';
import { createImportJob } from '../../../src/features/transfer/import-job';
import { listJournal } from '../../../src/journal/journal';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp({});
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
});
afterAll(() => site.close());

const post = (path: string) => agent.post(path).set('Sec-Fetch-Site', 'same-origin');
const textOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

type Payload = { readonly importId: string; readonly phase: string };

/** Does what was asked for, as a node would; returns it. */
async function doJobs(): Promise<readonly Payload[]> {
  const run = createImportJob(site.catalog);
  const { rows } = await site.database.db.raw<{ rows: { payload: Payload }[] }>(
    `with taken as (
       delete from graphile_worker._private_jobs j using graphile_worker._private_tasks t
       where t.id = j.task_id and t.identifier = 'import-catalog' returning j.id, payload)
     select payload from taken order by id`,
  );
  for (const { payload } of rows) await run(payload, { isLast: true, signal: new AbortController().signal });
  return rows.map(({ payload }) => payload);
}

async function imported(file: Readonly<Record<string, readonly object[]>>): Promise<string> {
  const content = JSON.stringify({ format: 'nipnime-catalog', version: 1, ...file });
  const sent = await post('/admin/transfer/imports').attach('file', Buffer.from(content), 'c.json');
  const address = sent.headers.location ?? '';
  await doJobs();
  await post(`${address}/start`).expect(303);
  await doJobs();
  return address;
}

async function exported(): Promise<string> {
  let text = '';
  await exportCatalog(site.database.db, { format: 'json' }, async (piece) => {
    text += piece;
  });
  return text;
}

async function undone(address: string): Promise<string> {
  await post(`${address}/undo`).expect(303);
  expect((await agent.get(address).expect(200).expect('Refresh', '2')).text).toContain(
    'The import is being undone',
  );
  await doJobs();
  return textOf((await agent.get(address).expect(200)).text);
}

const episodeIn = async (seriesId: string, number: number) => {
  const row = await site.database
    .db('episodes')
    .select('id')
    .where({ series_id: seriesId, number })
    .whereNull('deleted_at')
    .first();
  return row?.id as string | undefined;
};

test('an import is seen before it is undone, and then everything is as it was', async () => {
  const links = [{ title: 'Site', url: 'https://a.example/', kind: 'official' }];
  const { id } = await newSeries(site.catalog, { title: 'Before', slug: 'before', links, synonyms: ['B'] });
  await newEpisode(site.catalog, id, { number: 1, title: 'One', intro: { startSeconds: 1, endSeconds: 90 } });
  const { id: shown } = await newEpisode(site.catalog, id, { number: 2 });
  const before = await exported();
  const address = await imported({
    series: [
      {
        slug: 'before',
        title: 'After',
        links: [],
        synonyms: [],
        note: 'n',
        beginsAt: '2026-01-01T00:00:00Z',
      },
    ],
    episodes: [
      {
        series: 'before',
        number: 1,
        title: 'Changed',
        intro: null,
        publishedAt: '2020-01-01T00:00:00.000Z',
        videoServers: [{ name: 'Other', kind: 'file', url: 'https://other.example/1.mp4' }],
      },
      { series: 'before', number: 2, status: 'hidden' },
      { series: 'before', number: 3, title: 'New' },
    ],
  });
  expect(await exported()).not.toBe(before);

  const question = await agent.get(`${address}/undo`).expect(200);
  expect(textOf(question.text)).toContain(
    '1 series and 3 episodes 1 new episode: into the trash 1 changed series: as before the import 2 changed episodes: as before the import',
  );
  expect(textOf((await agent.get(address)).text)).toContain('Undo this import …');
  expect(await undone(address)).toContain(
    'Undone 1 series and 3 episodes are as they were before the import.',
  );
  expect(await exported()).toBe(before);
  expect(await findEpisode(site.database.db, shown)).toMatchObject({ status: 'published', version: 3 });
  const [act] = await listJournal(site.database.db, { action: 'catalog.undo', limit: 1 });
  expect(act).toMatchObject({ actor: { name: ADA.email }, subjectLabel: 'c.json' });
  // It can't be undone twice.
  await agent.get(`${address}/undo`).expect(303);
  await post(`${address}/undo`).expect(303);
  expect(await doJobs()).toEqual([]);
});

test('what somebody has changed since is left and named; what was made is hidden or in the trash', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Edited', slug: 'edited' });
  await newEpisode(site.catalog, id, { number: 1, title: 'One' });
  const address = await imported({
    series: [
      { slug: 'edited', title: 'Edited anew' },
      { slug: 'made', title: 'Made' },
      { slug: 'goes-on', title: 'Goes on' },
    ],
    episodes: [
      { series: 'edited', number: 1, title: 'Changed' },
      { series: 'edited', number: 2 },
      { series: 'edited', number: 3 },
      { series: 'made', number: 1 },
    ],
  });
  const [first = '', second = ''] = await Promise.all([episodeIn(id, 1), episodeIn(id, 2)]);
  for (const each of [first, second])
    await updateEpisode(site.catalog, tester, each, (current) => ({
      ...current,
      videoServers: [...current.videoServers],
      synopsis: 'By hand.',
    }));
  const goesOn = await site.database.db('series').select('id').where({ slug: 'goes-on' }).first();
  await newEpisode(site.catalog, goesOn.id, { number: 1 });

  const page = await undone(address);
  expect(page).toContain('2 series and 2 episodes are as they were before the import. 3 were left.');
  for (const named of [
    'Episode 1 of “Edited anew” Left Was changed since, by test.',
    'Episode 2 of “Edited anew” Left Was changed since, by test.',
    'Goes on Series Left Has episodes that were left or added since.',
  ])
    expect(page).toContain(named);
  expect(await findEpisode(site.database.db, first)).toMatchObject({
    title: 'Changed',
    synopsis: 'By hand.',
  });
  expect(await findEpisode(site.database.db, second)).toMatchObject({ synopsis: 'By hand.' });
  expect(await episodeIn(id, 3)).toBeUndefined();
  expect(await findSeries(site.database.db, id)).toMatchObject({ title: 'Edited' });
  const made = await site.database.db('series').select('id', 'visible').where({ slug: 'made' }).first();
  expect(made.visible).toBe(false);
  expect(await episodeIn(made.id, 1)).toBeUndefined();
  expect(await findSeries(site.database.db, goesOn.id)).toMatchObject({ visible: true });
});

test('an undo that was cut off goes on, and leaves nothing that it has done itself', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Cut', slug: 'cut' });
  await newEpisode(site.catalog, id, { number: 1 });
  const address = await imported({
    series: [{ slug: 'cut', title: 'Cut off' }],
    episodes: [
      { series: 'cut', number: 1, title: 'T', videoServers: [] },
      { series: 'cut', number: 2 },
    ],
  });
  await undone(address);
  const [importId] = address.split('/').slice(-1);
  await site.database.db('catalog_imports').where({ id: importId }).update({ state: 'undoing' });
  const before = await exported();
  await createImportJob(site.catalog)(
    { importId, phase: 'undo' },
    { isLast: true, signal: new AbortController().signal },
  );
  expect(textOf((await agent.get(address)).text)).toContain(
    '1 series and 2 episodes are as they were before the import.',
  );
  expect(await exported()).toBe(before);
});

test('what another one has by now can’t be had back, and is named', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Moved', slug: 'moved' });
  await newEpisode(site.catalog, id, { number: 1, externalId: 'e:1' });
  const address = await imported({ episodes: [{ externalId: 'e:1', number: 5 }] });
  await newEpisode(site.catalog, id, { number: 1 });
  expect(await undone(address)).toContain(
    'Left What it had before, such as its number or address, belongs to another one by now.',
  );
  expect(await episodeIn(id, 5)).toBeDefined();
});
