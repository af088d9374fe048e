import { createAdmin } from '../../../src/features/accounts/admin-users';
import { broadcastText, parseBroadcastText } from '../../../src/features/series/broadcast-text';
import { createTestApp, type TestApp } from '../../support/app';
import { newSeries } from '../../support/catalog';
import { fieldsOf, fillIn, post } from '../../support/html-form';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  await site.database.db('admin_users').update({ time_zone: 'Europe/Berlin' });
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
});
afterAll(() => site.close());

const ask = async (path: string, query: Record<string, string>) =>
  (await agent.get(`/admin/series/${path}`).query(query).expect(200)).body;
const rowOf = (id: string) =>
  site.database.db('series').select('broadcast', 'begins_at', 'ends_at').where({ id }).first();

test.each([
  ['R/2026-04-05T14:15:00.000Z/P7D', '2026-04-05T23:15 weekly'],
  ['R/2026-04-05T14:15:00.000Z/P14D', '2026-04-05T23:15 every 14 days'],
  ['R/2026-04-05T15:00:30.000Z/P1M', '2026-04-06T00:00:30 monthly'],
  ['R/2026-04-05T14:15:00.000Z/P0D', '2026-04-05T23:15 once'],
  ['R/2026-04-05T14:15:00.000Z/P3M', '2026-04-05T23:15 every 3 months'],
])('the rule %s stands in the form as %s, by clocks of Japan', (rule, text) => {
  expect(broadcastText(rule)).toBe(text);
  expect(parseBroadcastText(text)).toBe(rule);
  expect(parseBroadcastText(rule)).toBe(rule);
});

test('says the address that a title will have in any script, and that one is taken', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Taken', slug: 'taken' });
  const slug = (typed: Record<string, string>) => ask('slug', { id: '', title: '', slug: '', ...typed });
  expect(await slug({})).toEqual({ text: '', isProblem: false });
  expect(await slug({ title: 'かぐやさま' })).toEqual({
    text: 'Will be /series/kaguyasama',
    isProblem: false,
  });
  expect(await slug({ title: 'Мастер' })).toEqual({ text: 'Will be /series/master', isProblem: false });
  expect(await slug({ title: 'Taken' })).toEqual({ text: 'Will be /series/taken-2', isProblem: false });
  const taken = { text: 'Another series has this address.', isProblem: true };
  expect(await slug({ title: 'Other', slug: 'taken' })).toEqual(taken);
  expect(await slug({ id, slug: 'taken' })).toMatchObject({ isProblem: false });
  expect(await slug({ slug: 'Not A Slug' })).toMatchObject({ isProblem: true });
  const saved = await fillIn(agent, '/admin/series/new', '/admin/series/new', { title: 'Taken' });
  expect(saved.status).toBe(303);
  expect(await site.database.db('series').where({ slug: 'taken-2' }).first()).toBeDefined();
});

test('a broadcast is entered by its first time and a rhythm, and says what comes next on both clocks', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Weekly' });
  const address = `/admin/series/${id}`;
  const typed = { broadcastFirst: '2099-04-05T23:15', broadcastEvery: 'weekly' };
  expect(await ask('broadcasts', { ...typed, beginsAt: '', endsAt: '2099-04-12T23:15' })).toEqual({
    text: 'Next: 5 Apr 2099, 16:15 CEST (Sun 23:15 in Japan); 12 Apr 2099, 16:15 CEST (Sun 23:15 in Japan)',
    isProblem: false,
  });
  await fillIn(agent, `${address}/edit`, address, typed).then(({ status }) => expect(status).toBe(303));
  expect(await rowOf(id)).toEqual({
    broadcast: 'R/2099-04-05T14:15:00.000Z/P7D',
    begins_at: new Date('2099-04-05T14:15:00Z'),
    ends_at: null,
  });
  const { text } = await agent.get(`${address}/edit`);
  expect(fieldsOf(text, address)).toMatchObject({ ...typed, beginsAt: '2099-04-05T23:15', endsAt: '' });
  expect(text).toContain('Next: 5 Apr 2099, 16:15 CEST (Sun 23:15 in Japan); 12 Apr 2099');

  await fillIn(agent, `${address}/edit`, address, { broadcastFirst: '', broadcastEvery: '' });
  expect(await rowOf(id)).toMatchObject({ broadcast: null });
});

test('half a rule is refused at its field, and both halves are kept', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Half' });
  const address = `/admin/series/${id}`;
  for (const half of [
    { broadcastFirst: '2099-04-05T23:15', broadcastEvery: '' },
    { broadcastFirst: '', broadcastEvery: 'weekly' },
  ]) {
    const refused = await fillIn(agent, `${address}/edit`, address, half);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('href="#field-broadcast"');
    expect(refused.text).toContain('Must be a day and a time, and how often from then on.');
    expect(fieldsOf(refused.text, address)).toMatchObject(half);
  }
});

test('a form of the version before empties nothing that it has no fields for', async () => {
  const broadcast = 'R/2026-04-05T14:15:00.000Z/P7D';
  const { id } = await newSeries(site.catalog, { title: 'Older', broadcast });
  const address = `/admin/series/${id}`;
  const fields = fieldsOf((await agent.get(`${address}/edit`)).text, address);
  const base = JSON.parse(fields.base ?? '');
  for (const name of ['broadcast', 'beginsAt', 'endsAt']) delete base[name];
  for (const name of ['broadcastFirst', 'broadcastEvery', 'beginsAt', 'endsAt']) delete fields[name];
  await post(agent, address, { ...fields, base: JSON.stringify(base), title: 'Edited' }).expect(303);
  expect(await rowOf(id)).toMatchObject({ broadcast });
});
