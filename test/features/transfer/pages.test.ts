import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createImportJob } from '../../../src/features/transfer/import-job';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';
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

const post = (path: string) => agent.post(`/admin${path}`).set('Sec-Fetch-Site', 'same-origin');
const textOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

/** Does what was asked for, as a node would. */
async function doJobs(): Promise<void> {
  const run = createImportJob(site.catalog);
  const { rows } = await site.database.db.raw<{ rows: { payload: unknown }[] }>(
    `with taken as (delete from graphile_worker._private_jobs returning id, payload)
     select payload from taken order by id`,
  );
  for (const { payload } of rows) await run(payload, { isLast: true, signal: new AbortController().signal });
}

async function upload(name: string, content: string): Promise<string> {
  const { headers } = await post('/transfer/imports').attach('file', Buffer.from(content), name).expect(303);
  return headers.location ?? '';
}

test('a file with two bad rows of twelve is looked at, imported but for those, and these are mended', async () => {
  await newSeries(site.catalog, { title: 'Frieren', slug: 'frieren' });
  const rows = Array.from({ length: 12 }, (_, index) =>
    [
      index === 4 ? 'friern' : 'frieren',
      index + 1,
      index === 7 ? 'publish' : 'published',
      'Main',
      'file',
      `https://video.example/${index + 1}.mp4`,
    ].join(','),
  );
  const header = 'series,number,status,videoServers.1.name,videoServers.1.kind,videoServers.1.url';
  const address = await upload('話.csv', [header, ...rows].join('\r\n'));

  const waiting = await agent.get(address).expect(200).expect('Refresh', '2');
  expect(textOf(waiting.text)).toContain('話.csv The file is being compared with the catalog 0 rows so far.');
  await doJobs();
  const preview = await agent.get(address).expect(200);
  expect(preview.headers.refresh).toBeUndefined();
  expect(textOf(preview.text)).toContain('What would be written 10 new, 2 refused');
  expect(textOf(preview.text)).toContain(
    '6 Episode 5 of “friern” Refused series: There is no series with the address friern.',
  );
  expect(textOf(preview.text)).toContain(
    '9 frieren 8 Refused status: Must be draft, scheduled, published or hidden.',
  );
  expect(textOf((await agent.get(`${address}?show=refused`).expect(200)).text)).not.toContain('Episode 1 of');
  expect(await site.database.db('episodes').count('* as n')).toEqual([{ n: '0' }]);

  await post(`${address.slice('/admin'.length)}/start`).expect(303);
  await doJobs();
  const report = await agent.get(address).expect(200);
  expect(textOf(report.text)).toContain('Imported 10 new, 2 refused');
  expect(await site.database.db('episodes').count('* as n')).toEqual([{ n: '10' }]);
  expect(
    await site.database
      .db('journal')
      .distinct('action', 'actor_name', 'via')
      .where('action', 'like', 'episode%'),
  ).toEqual([{ action: 'episode.create', actor_name: ADA.email, via: 'form' }]);

  const refused = await agent
    .get(`${address}/refused`)
    .expect(200)
    .expect('Content-Type', /^text\/csv/);
  expect(refused.headers['content-disposition']).toContain("filename*=UTF-8''refused-%E8%A9%B1.csv");
  expect(refused.text.split('\r\n')).toHaveLength(4);
  const mended = await upload(
    'mended.csv',
    refused.text.replace('friern', 'frieren').replace('publish,', 'published,'),
  );
  await doJobs();
  await post(`${mended.slice('/admin'.length)}/start`).expect(303);
  await doJobs();
  expect(textOf((await agent.get(mended)).text)).toContain('Imported 2 new');
  expect(await site.database.db('episodes').count('* as n').where({ status: 'published' })).toEqual([
    { n: '12' },
  ]);
  await agent.get(`${mended}/refused`).expect(404);

  const index = textOf((await agent.get('/admin/transfer').expect(200)).text);
  expect(index).toContain('mended.csv Imported 2 new');
  await post(`${mended.slice('/admin'.length)}/discard`).expect(303);
  await agent.get(mended).expect(404);
});

test('what is no file of a catalog is told as such, and what was not chosen is asked for', async () => {
  const none = await post('/transfer/imports').field('x', '1').expect(422);
  expect(textOf(none.text)).toContain('File : Choose a file.');
  const address = await upload('notes.txt', 'Dear diary,\n');
  await doJobs();
  expect(textOf((await agent.get(address).expect(200)).text)).toContain(
    'Not imported The first row must name the columns',
  );
  await post(`${address.slice('/admin'.length)}/start`).expect(303);
  expect(textOf((await agent.get(address)).text)).toContain('It is under way already, or over.');
});

test('what the database can’t hold is reported all the same', async () => {
  const address = await upload('nul.csv', 'slug,title\nx,"a\u0000b"\n');
  await doJobs();
  expect(textOf((await agent.get(address).expect(200)).text)).toContain('title: Must not contain U+0000');
  expect((await agent.get(`${address}/refused`).expect(200)).text).toContain('x,a\u0000b,');
});

test('the catalog is downloaded, and what is downloaded is as it is', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Hidden', visible: false });
  await newEpisode(site.catalog, id, { status: 'draft', title: '=cmd' });
  const json = await agent
    .get('/admin/transfer/export/catalog.json')
    .expect(200)
    .expect('Content-Disposition', /catalog\.json/);
  expect(json.body).toMatchObject({ format: 'nipnime-catalog', version: 1 });
  const csv = await agent.get('/admin/transfer/export/episodes.csv').expect(200);
  expect(csv.text).toContain("'=cmd");
  await agent.get('/admin/transfer/export/constructor').expect(404);
  const address = await upload('catalog.json', json.text);
  await doJobs();
  expect(textOf((await agent.get(address)).text)).toMatch(/What would be written \d+ as they are Nothing/);
  expect(
    await site.database
      .db('journal')
      .select('subject_label')
      .where({ action: 'catalog.export' })
      .orderBy('id'),
  ).toEqual([{ subject_label: 'catalog.json' }, { subject_label: 'episodes.csv' }]);
});

test('a job that is done a second time counts what the first one has written', async () => {
  const address = await upload('two.csv', 'slug,title\nfirst,First\nsecond,Second\n');
  await doJobs();
  await post(`${address.slice('/admin'.length)}/start`).expect(303);
  const aborted = AbortSignal.abort(new Error('The node ends.'));
  const { rows } = await site.database.db.raw<{ rows: { payload: unknown }[] }>(
    'select payload from graphile_worker._private_jobs',
  );
  const run = createImportJob(site.catalog);
  await expect(run(rows[0]?.payload, { isLast: false, signal: aborted })).rejects.toThrow('The node ends.');
  expect(textOf((await agent.get(address)).text)).toContain('2 rows of 2 so far');
  await doJobs();
  expect(textOf((await agent.get(address)).text)).toContain('Imported 2 new');
});
