import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createApiToken } from '../../../src/features/accounts/api-tokens';
import { updateEpisode } from '../../../src/features/episodes/repository';
import type { Actor } from '../../../src/journal/actor';
import { recordAudit } from '../../../src/journal/journal';
import { createTestApp, type TestApp } from '../../support/app';
import { episodeInput, newEpisode, newSeries, playable, tester } from '../../support/catalog';
import { backdateJournal } from '../../support/journal';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
let ada: Actor;

beforeAll(async () => {
  site = await createTestApp({ TRUST_PROXY: '1' });
  const admin = await createAdmin(site.database.db, ADA.email, ADA.password);
  ada = { kind: 'admin', id: admin?.id ?? null, name: ADA.email, via: 'form', address: '203.0.113.7' };
  await createApiToken(site.database.db, 'uploader');
  agent = newBrowser(site);
  await sendLogin(agent, { ...ADA, address: '203.0.113.7' }).expect(303);
});
afterAll(() => site.close());

/** What the page lists: one line an act, without its marks. */
async function acts(query: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { text } = await agent.get('/admin/journal').query(query).expect(200);
  return [...text.matchAll(/<p class="journal-act__what">(.*?)<\/p>/gs)].map(([, what = '']) => plain(what));
}

function plain(html: string): string {
  return html
    .replace(/<\/?span lang[^>]*>|(?<=[^> ])<\/span>(?=”)/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/&#34;/g, '"')
    .trim();
}

const cells = (html: string) =>
  [...html.matchAll(/role="(?:rowheader|cell)"[^>]*>(.*?)<\/span>\s*(?=<span|<\/div>)/gs)].map(
    ([, cell = '']) => plain(cell),
  );

test('is only for admins', async () => {
  await newBrowser(site).get('/admin/journal').expect(303);
});

test('says who did what, from where, and what changed, field by field', async () => {
  const series = await newSeries(site.catalog, { title: 'Frieren & <b>Fern</b>' });
  const episode = await newEpisode(site.catalog, series.id, { number: '12', synopsis: 'Old\ntext' });
  await updateEpisode(site.catalog, ada, episode.id, () =>
    episodeInput({
      number: '12.5',
      synopsis: '',
      status: 'hidden',
      durationSeconds: 1_440,
      publishAt: '2031-01-01T12:00:00Z',
      videoServers: [{ ...playable, id: episode.videoServers[0]?.id, enabled: false }],
    }),
  );
  const { text } = await agent.get(`/admin/journal?subject=episode:${episode.id}`).expect(200);
  expect(text).toContain(
    '<span>History of Episode 12.5 of “<span lang="en">Frieren &amp; &lt;b&gt;Fern&lt;/b&gt;</span>”</span></h1>',
  );
  expect(text).toContain('<span>Back office · 203.0.113.7</span>');
  expect(text).toContain(`href="/admin/journal?actor=admin%3A${ada.id}">${ADA.email}</a>`);
  expect(text).toContain(`href="/admin/episodes/${episode.id}/edit"`);
  expect(cells(text)).toEqual([
    ...['Number', '12', '12.5'],
    ...['Duration', '(empty)', '24:00'],
    ...[
      'Video servers',
      `Main, File, ${playable.url}, sandbox on, enabled on`,
      `Main, File, ${playable.url}, sandbox on, enabled off`,
    ],
    ...['Synopsis', 'Old text', '(empty)'],
    ...['Status', 'Published', 'Hidden'],
    ...['Publish at', '(empty)', '2031-01-01 12:00 UTC'],
  ]);
  // What was made with its subject has no before.
  expect(text).toMatch(/<summary>\d fields<\/summary>/);

  const edit = await agent.get(`/admin/episodes/${episode.id}/edit`);
  expect(edit.text).toContain(`href="/admin/journal?subject=episode:${episode.id}">History</a>`);
  const editSeries = await agent.get(`/admin/series/${series.id}/edit`);
  expect(editSeries.text).toContain(`href="/admin/journal?subject=series:${series.id}">History</a>`);
});

test('is filtered by who, what, on what and when', async () => {
  const { db } = site.database;
  await recordAudit(db, {
    actor: { kind: 'system', id: null, name: 'scheduler', via: 'scheduler' },
    action: 'episode.publish',
    subjectKind: 'episode',
    subjectId: '4711',
    subjectLabel: 'Episode 1 of “Dated”',
  });
  await backdateJournal(db, { subject_id: '4711' }, new Date('2020-02-03T23:59:59Z'));
  expect(await acts({ subject: 'episode:4711' })).toEqual(['scheduler published Episode 1 of “Dated”']);
  expect(await acts({ actor: 'system', action: 'episode.publish' })).toEqual([
    'scheduler published Episode 1 of “Dated”',
  ]);
  expect(await acts({ from: '2020-02-03', until: '2020-02-03' })).toHaveLength(1);
  expect(await acts({ from: '2020-02-04', until: '2020-02-05' })).toEqual([]);
  expect(await acts({ from: '', until: '２０２０-０２-03', actor: '' })).toHaveLength(1);
  expect(await acts({ actor: `admin:${ada.id}`, subject: 'admin' })).toEqual([
    `${ADA.email} logged in as ${ADA.email}`,
  ]);
  expect(await acts({ subject: 'token' })).toEqual(['nipnime created the token uploader']);
});

test('keeps what was chosen in its fields, also what is not among the choices', async () => {
  const { text } = await agent.get('/admin/journal?actor=admin:999&action=webhook.failed&from=2020-02-03');
  expect(text).toContain('<option value="admin:999" selected>admin:999</option>');
  expect(text).toContain('<option value="webhook.failed" selected>');
  expect(text).toContain('value="2020-02-03"');
  expect(text).toContain('Nothing like this has happened');
});

test.each([
  ['from=2020-02-31', 'Must be a day such as'],
  ['until=yesterday', 'Must be a day such as'],
  ['actor=robot', 'There is nobody like this.'],
  ['subject=episode:x', 'There is nothing like this.'],
])('refuses %s at the field', async (query, message) => {
  const { text } = await agent.get(`/admin/journal?${query}`).expect(400);
  expect(text).toContain(message);
  expect(text).toContain('a field above is not right');
});

test('is read page by page, and nothing is shown twice while more is written', async () => {
  const { db } = site.database;
  const write = (subjectId: string) =>
    recordAudit(db, { actor: tester, action: 'test.act', subjectKind: 'test', subjectId });
  for (let count = 1; count <= 60; count++) await write(String(count));
  const first = await agent.get('/admin/journal?subject=test').expect(200);
  const [, next = ''] = /<a class="button" href="([^"]+)" rel="next">/.exec(first.text) ?? [];
  await write('61');
  const second = await agent.get(next.replaceAll('&amp;', '&')).expect(200);
  const ids = (html: string) => [...html.matchAll(/test\.act\s+test (\d+)/g)].map(([, id]) => Number(id));
  expect(ids(first.text)).toEqual(Array.from({ length: 50 }, (_, index) => 60 - index));
  expect(ids(second.text)).toEqual(Array.from({ length: 10 }, (_, index) => 10 - index));
  expect(second.text).toContain('href="/admin/journal?subject=test">Newest</a>');
});

test('shows rows of the version before as far as they go', async () => {
  await site.database.db('audit_log').insert({
    actor_kind: 'admin',
    actor_id: ada.id,
    actor_name: ADA.email,
    action: 'episode.update',
    subject_kind: 'episode',
    subject_id: '815',
    details: JSON.stringify({ series: 'Old', number: '3', updated: ['1', '2'] }),
  });
  const { text } = await agent.get('/admin/journal?subject=episode:815').expect(200);
  expect(plain(text)).toContain(`${ADA.email} edited episode 815`);
  expect(plain(text)).toContain('Number: 3 Series: Old Series updated: 2 (1, 2)');
});
