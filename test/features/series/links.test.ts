import { createAdmin } from '../../../src/features/accounts/admin-users';
import { SERIES_FIELDS, type SeriesLink } from '../../../src/features/series/fields';
import { type SeriesForm, seriesForm } from '../../../src/features/series/form';
import { findSeries, updateSeries } from '../../../src/features/series/repository';
import { revertSeriesAct } from '../../../src/features/series/revert';
import { saveSeriesForm } from '../../../src/features/series/save-form';
import { listJournal } from '../../../src/journal/journal';
import { pick } from '../../../src/web/fields';
import { createTestApp, type TestApp } from '../../support/app';
import { newSeries, tester } from '../../support/catalog';
import { type Fields, fieldsOf, fillIn, post } from '../../support/html-form';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
});
afterAll(() => site.close());

const OFFICIAL = { title: 'Official site', url: 'https://frieren.example/', kind: 'official' } as const;
const STREAM = {
  title: '動畫瘋',
  url: 'https://www.stream.example/watch?id=1',
  kind: 'onair',
  regions: ['TW', 'HK'],
  beginsAt: '2026-04-05T15:00:00.000Z',
  broadcast: 'R/2026-04-05T15:00:00.000Z/P7D',
  note: '#1–12:  “x”',
} as const;

async function get(id: string) {
  const series = await findSeries(site.database.db, id);
  if (!series) throw new Error(`Series ${id} is gone.`);
  return series;
}
const linksOf = async (id: string) => (await get(id)).links;
const made = async (links: readonly SeriesLink[]) => {
  const { id } = await newSeries(site.catalog, { title: 'Linked', links });
  return { id, address: `/admin/series/${id}` };
};
const rowOf = (index: number, link: Fields): Fields =>
  Object.fromEntries(Object.entries(link).map(([name, text]) => [`links[${index}][${name}]`, text]));

test('a link is added, moved and removed without JavaScript, and what was typed stays meanwhile', async () => {
  const { id, address } = await made([OFFICIAL]);
  const press = async (fields: Fields, action: string) =>
    fieldsOf((await post(agent, address, { ...fields, action }).expect(200)).text, address);
  const opened = fieldsOf((await agent.get(`${address}/edit`)).text, address);
  const added = await press({ ...opened, synopsis: 'Typed.' }, 'add-link');
  expect(added).toMatchObject({
    synopsis: 'Typed.',
    'links[0][title]': 'Official site',
    'links[1][url]': '',
  });
  const typed = rowOf(1, { kind: 'info', title: 'MyAnimeList', url: 'https://mal.example/52991' });
  const moved = await press({ ...added, ...typed }, 'up-link-1');
  expect(moved).toMatchObject({ 'links[0][title]': 'MyAnimeList', 'links[1][title]': 'Official site' });
  const ready = await press(moved, 'add-link');
  // The row that stands ready is none.
  await post(agent, address, ready).expect(303);
  const info = { kind: 'info', title: 'MyAnimeList', url: 'https://mal.example/52991' };
  expect(await get(id)).toMatchObject({ synopsis: 'Typed.', links: [info, OFFICIAL] });

  const { text } = await agent.get('/series/linked').expect(200);
  expect(text).toContain('<a class="link-chip" href="https://mal.example/52991" rel="external noopener">');
  expect(text).toContain('<span class="link-chip__note">mal.example</span>');

  const again = fieldsOf((await agent.get(`${address}/edit`)).text, address);
  await post(agent, address, await press(again, 'remove-link-0')).expect(303);
  expect(await linksOf(id)).toEqual([OFFICIAL]);
});

test('a new series is made with its links', async () => {
  const fields = fieldsOf((await agent.get('/admin/series/new')).text, '/admin/series/new');
  const added = await post(agent, '/admin/series/new', { ...fields, title: 'New one', action: 'add-link' });
  const form = fieldsOf(added.text, '/admin/series/new');
  const link = { kind: 'official', title: 'Site', url: 'https://new.example', regions: 'jp, us JP' };
  await post(agent, '/admin/series/new', { ...form, ...rowOf(0, link) }).expect(303);
  expect(await site.database.db('series').select('links').where({ slug: 'new-one' }).first()).toEqual({
    links: [{ kind: 'official', title: 'Site', url: 'https://new.example', regions: ['JP', 'US'] }],
  });
});

test('a form that is saved as it was opened changes nothing of any link', async () => {
  const { id, address } = await made([STREAM, OFFICIAL]);
  await fillIn(agent, `${address}/edit`, address, {}).then(({ status }) => expect(status).toBe(303));
  expect(await get(id)).toMatchObject({ version: 1, links: [STREAM, OFFICIAL] });
  await fillIn(agent, `${address}/edit`, address, { 'links[0][title]': 'Gamer' });
  expect(await linksOf(id)).toEqual([{ ...STREAM, title: 'Gamer' }, OFFICIAL]);
});

test.each([
  ['url', 'javascript:alert(1)', 'Must begin with https:// or http://.'],
  ['url', 'ftp://files.example/', 'Must begin with https:// or http://.'],
  ['url', 'frieren.example', 'Must be an address such as https://anime.example/.'],
  ['url', 'https://a.example https://b.example', 'Must be one address alone, without spaces.'],
  ['url', 'https://ada:secret@a.example/', 'Must not contain a user name or password.'],
  ['url', '', 'Must not be empty.'],
  ['url', `https://a.example/${'x'.repeat(2_048)}`, 'Must have at most 2048 characters.'],
  ['title', ' ', 'Must not be empty.'],
  ['kind', 'fan', 'Must be official, onair or info.'],
  ['regions', 'Japan', 'Must be codes of countries, of two letters each, such as JP, US.'],
  ['beginsAt', 'in April', 'Must be a date and time with a zone, such as 2026-04-05T14:15:00Z.'],
  ['broadcast', 'weekly', 'Must be a first time and a rhythm, such as R/2026-04-05T14:15:00.000Z/P7D.'],
])('%s “%.40s” of a link is refused at its field, and kept', async (part, text, message) => {
  const { id, address } = await made([OFFICIAL, STREAM]);
  const name = `links[1][${part}]`;
  const refused = await fillIn(agent, `${address}/edit`, address, { [name]: text, synopsis: 'Kept.' });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain(`<a href="#field-links.1.${part}">Link 2, `);
  expect(refused.text).toContain(`id="field-links.1.${part}-error"`);
  expect(refused.text).toContain(message);
  const isChoice = part === 'kind';
  expect(fieldsOf(refused.text, address)).toMatchObject({
    synopsis: 'Kept.',
    ...(!isChoice && { [name]: text }),
  });
  expect(await linksOf(id)).toEqual([OFFICIAL, STREAM]);
});

test('the same link twice, and more than a hundred, are refused; one address may have two labels', async () => {
  const { id, address } = await made([OFFICIAL]);
  const opened = fieldsOf((await agent.get(`${address}/edit`)).text, address);
  const twice = rowOf(1, { ...OFFICIAL, kind: 'info', url: 'https://frieren.example' });
  const refused = await post(agent, address, { ...opened, ...twice }).expect(422);
  expect(refused.text).toContain('href="#field-links.1.url"');
  expect(refused.text).toContain('Is the same as link 1: label and URL.');
  await post(agent, address, { ...opened, ...twice, 'links[1][title]': 'Staff' }).expect(303);

  const many = Array.from({ length: 101 }, (_, index) => ({ ...OFFICIAL, title: `Link ${index}` }));
  const saved = await saveSeriesForm(site.catalog, tester, id, {
    ...seriesForm(await get(id)),
    links: seriesForm({ ...(await get(id)), links: many }).links,
  });
  expect(saved).toMatchObject({
    outcome: 'refused',
    errors: [{ field: 'links', message: 'Must have at most 100 links.' }],
  });
  expect(await linksOf(id)).toHaveLength(2);
});

test('what two editors do to different links is put together, and what both change is asked', async () => {
  const { id } = await made([OFFICIAL, STREAM]);
  const opened = seriesForm(await get(id));
  const withLinks = (change: (links: SeriesForm['links']) => SeriesForm['links']) => ({
    ...opened,
    links: change(opened.links),
  });
  const [official, stream] = opened.links;
  if (!official || !stream) throw new Error('The form lacks a link.');
  const wiki = { ...official, id: '', kind: 'info', title: 'Wiki', url: 'https://wiki.example/' };
  const save = (form: SeriesForm) => saveSeriesForm(site.catalog, tester, id, form);
  expect(await save(withLinks(() => [{ ...official, title: 'Home' }, stream, wiki]))).toMatchObject({
    outcome: 'saved',
  });
  // Somebody else has the form open since before, gives a link another address, and adds the same as well.
  const url = 'https://stream.example/2';
  expect(await save(withLinks(() => [official, { ...stream, url }, wiki]))).toMatchObject({
    outcome: 'saved',
    taken: expect.stringContaining('Links'),
    series: {
      links: [
        { ...OFFICIAL, title: 'Home' },
        { ...STREAM, url },
        { title: 'Wiki', url: 'https://wiki.example/', kind: 'info' },
      ],
    },
  });
  const contested = await save(withLinks(() => [{ ...official, title: 'Start' }, stream]));
  expect(contested).toMatchObject({
    outcome: 'contested',
    differences: [{ label: 'Link 1, Label', mine: 'Start', saved: 'Home' }],
  });
  if (contested.outcome !== 'contested') return;
  expect(await save(contested.form)).toMatchObject({
    outcome: 'saved',
    series: { links: [{ ...OFFICIAL, title: 'Start' }, { ...STREAM, url }, { title: 'Wiki' }] },
  });
});

test('a form of the version before has no links, and empties none', async () => {
  const { id, address } = await made([OFFICIAL]);
  const fields = fieldsOf((await agent.get(`${address}/edit`)).text, address);
  const { links: _, ...base } = JSON.parse(fields.base ?? '');
  const older = Object.entries(fields).filter(([name]) => !name.startsWith('links['));
  const form = { ...Object.fromEntries(older), base: JSON.stringify(base), title: 'Edited' };
  await post(agent, address, form).expect(303);
  expect(await get(id)).toMatchObject({ title: 'Edited', links: [OFFICIAL] });
});

test('the journal tells a change of links, and takes it back without those that were added since', async () => {
  const { id } = await made([OFFICIAL]);
  const change = (links: SeriesLink[]) =>
    updateSeries(site.catalog, tester, id, (current) => ({ ...pick(SERIES_FIELDS, current), links }));
  await change([{ ...OFFICIAL, title: 'Renamed' }]);
  const [entry] = await listJournal(site.database.db, { subjectKind: 'series', subjectId: id, limit: 1 });
  if (!entry) throw new Error('The change is not in the journal.');
  await change([{ ...OFFICIAL, title: 'Renamed' }, STREAM]);
  const { text } = await agent.get(`/admin/journal?subject=series:${id}`).expect(200);
  expect(text).toContain('Official site, Renamed, https://frieren.example/');
  expect(await revertSeriesAct(site.catalog, tester, entry)).toEqual({ outcome: 'reverted' });
  expect(await linksOf(id)).toEqual([OFFICIAL, STREAM]);
});
