import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, playable } from '../../support/catalog';
import { fieldsOf, fillIn, post } from '../../support/html-form';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
const HOUR_MS = 3_600_000;
let site: TestApp;
let agent: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  agent = newBrowser(site);
  await sendLogin(agent, ADA).expect(303);
  await liveIn('Europe/Berlin');
});
afterAll(() => site.close());

async function liveIn(zone: string): Promise<void> {
  await post(agent, '/admin/account/time-zone', { zone }).expect(303);
}

async function newForm(title: string) {
  const { id } = await newSeries(site.catalog, { title });
  const action = `/admin/series/${id}/episodes`;
  return { action, fill: (fields: Record<string, string>) => fillIn(agent, `${action}/new`, action, fields) };
}

const errorAt = (html: string, field: string): string =>
  new RegExp(`id="field-${field}-error">([^<]*)`).exec(html)?.[1] ?? '';
const choicesOf = (html: string): readonly string[] =>
  [...html.matchAll(/name="status" value="([a-z]+)"( checked)?/g)].map(([, value, checked]) =>
    checked ? `${value}!` : String(value),
  );
const savedOf = (answer: { headers: { location?: string } }) => {
  const id = /\/episodes\/(\d+)\/edit/.exec(answer.headers.location ?? '')?.[1];
  return site.database
    .db('episodes')
    .select('id', 'status', 'publish_at', 'published_at')
    .where({ id })
    .first();
};

test('a time is taken in the zone of the account, and shown there with UTC beside it', async () => {
  const { fill } = await newForm('Berlin');
  const saved = await fill({ status: 'scheduled', publishTime: '2099-07-02T21:00' });
  const { id, publish_at } = await savedOf(saved);
  expect(publish_at).toEqual(new Date('2099-07-02T19:00:00Z'));
  const { text } = await agent.get(`/admin/episodes/${id}/edit`);
  expect(text).toContain('It comes on 2 Jul 2099, 21:00 CEST (2 Jul 2099, 19:00 UTC).');
  expect(fieldsOf(text, `/admin/episodes/${id}`)).toMatchObject({
    status: 'scheduled',
    publishTime: '2099-07-02T21:00',
    zone: 'Europe/Berlin',
  });
  expect(text).toContain('Day and time (Europe/Berlin)');
  for (const page of ['/admin/today', '/admin/episodes?status=scheduled&order=due'])
    expect((await agent.get(page)).text).toContain('title="2 Jul 2099, 19:00 UTC">2 Jul 2099, 21:00 CEST<');
});

test('a form is read in the zone in which it was made, also when another was chosen since', async () => {
  const { action } = await newForm('Moved');
  const fields = fieldsOf((await agent.get(`${action}/new`)).text, action);
  await liveIn('Asia/Tokyo');
  const saved = await post(agent, action, {
    ...fields,
    status: 'scheduled',
    publishTime: '2099-07-02T21:00',
  });
  expect((await savedOf(saved)).publish_at).toEqual(new Date('2099-07-02T19:00:00Z'));
  const { text } = await agent.get(saved.headers.location ?? '');
  expect(text).toContain('value="2099-07-03T04:00"');
  await liveIn('Europe/Berlin');
});

test('a form of the version before has a time in UTC, under another name, and is refused without one', async () => {
  const { fill } = await newForm('Older');
  const refused = await fill({ status: 'scheduled', publishAt: '2099-07-02T21:00' });
  expect(refused.status).toBe(422);
  expect(errorAt(refused.text, 'publishTime')).toBe('Is required for a scheduled episode.');
});

test('a time that clocks skip is refused at the field, with what there is instead, and all is kept', async () => {
  const { action, fill } = await newForm('Skipped');
  const typed = { status: 'scheduled', publishTime: '2099-03-29T02:30', title: 'Kept' };
  const refused = await fill(typed);
  expect(refused.status).toBe(422);
  expect(errorAt(refused.text, 'publishTime')).toBe(
    'There is no 02:30 on that day in Europe/Berlin: clocks are put forward from 02:00 to 03:00. Perhaps you mean 03:30.',
  );
  expect(refused.text).not.toContain('value="publish-now"');
  expect(fieldsOf(refused.text, action)).toMatchObject(typed);
});

test('of a time that clocks show twice the first is taken, and said to be; the second stays where it is saved', async () => {
  const { fill } = await newForm('Twice');
  const saved = await fill({ status: 'scheduled', publishTime: '2099-10-25T02:30' });
  const { id, publish_at } = await savedOf(saved);
  expect(publish_at).toEqual(new Date('2099-10-25T00:30:00Z'));
  expect((await agent.get(`/admin/episodes/${id}/edit`)).text).toContain(
    'Clocks are put back then and show this twice: it is the first time. The second is 25 Oct 2099, 01:30 UTC.',
  );
  const second = new Date('2099-10-25T01:30:00Z');
  await site.database.db('episodes').where({ id }).update({ publish_at: second });
  const address = `/admin/episodes/${id}`;
  await fillIn(agent, `${address}/edit`, address, { title: 'Edited' }).then(({ status }) =>
    expect(status).toBe(303),
  );
  expect(await site.database.db('episodes').select('title', 'publish_at').where({ id }).first()).toEqual({
    title: 'Edited',
    publish_at: second,
  });
});

test('a time that has passed asks, and one button publishes with all that was typed', async () => {
  const { action, fill } = await newForm('Passed');
  const typed = {
    status: 'scheduled',
    publishTime: '2020-01-02T03:04',
    title: 'Kept',
    'videoServers[0][name]': playable.name,
    'videoServers[0][kind]': playable.kind,
    'videoServers[0][url]': playable.url,
  };
  const asked = await fill(typed);
  expect(asked.status).toBe(422);
  expect(errorAt(asked.text, 'publishTime')).toBe('Has passed. Publish now, or choose a time to come.');
  const [, name = '', value = ''] = /name="(action)" value="(publish-now)"/.exec(asked.text) ?? [];
  const saved = await post(agent, action, { ...fieldsOf(asked.text, action), [name]: value }).expect(303);
  expect(await savedOf(saved)).toMatchObject({ status: 'published', publish_at: null });
  expect((await agent.get(saved.headers.location ?? '')).text).toContain('value="Kept"');
});

test('what is scheduled is published now by choosing that alone', async () => {
  const series = await newSeries(site.catalog, { title: 'Sooner' });
  const publishAt = new Date(Date.now() + 5 * HOUR_MS).toISOString();
  const { id } = await newEpisode(site.catalog, series.id, { status: 'scheduled', publishAt });
  const address = `/admin/episodes/${id}`;
  const saved = await fillIn(agent, `${address}/edit`, address, { status: 'published' });
  expect(saved.status).toBe(303);
  expect(await savedOf(saved)).toMatchObject({ status: 'published', publish_at: null });
});

test('what was never published can’t be hidden, and what is published says since when', async () => {
  const { action } = await newForm('Choices');
  const { text } = await agent.get(`${action}/new`);
  expect(choicesOf(text)).toEqual(['published!', 'scheduled', 'draft']);
  const series = await newSeries(site.catalog, { title: 'Published' });
  const { id } = await newEpisode(site.catalog, series.id, { videoServers: [playable] });
  const since = new Date('2026-07-02T19:00:00Z');
  await site.database.db('episodes').where({ id }).update({ published_at: since });
  const edit = await agent.get(`/admin/episodes/${id}/edit`);
  expect(choicesOf(edit.text)).toEqual(['published!', 'scheduled', 'draft', 'hidden']);
  expect(edit.text).toContain('Since 2 Jul 2026, 21:00 CEST');
  const address = `/admin/episodes/${id}`;
  await post(agent, address, { ...fieldsOf(edit.text, address), status: 'hidden' }).expect(303);
  const hidden = await agent.get(`/admin/episodes/${id}/edit`);
  expect(choicesOf(hidden.text)).toEqual(['published', 'scheduled', 'draft', 'hidden!']);
  expect(hidden.text).toContain('At the place that it had: 2 Jul 2026, 21:00 CEST');
});

test('says what a time means while it is typed', async () => {
  const say = async (text: string) =>
    (await agent.get('/admin/time').query({ text, zone: 'Europe/Berlin' }).expect(200)).body;
  expect(await say('2099-07-02T21:00')).toEqual({
    text: expect.stringMatching(/^In [0-9,]+ days: 2 Jul 2099, 19:00 UTC\.$/),
    isProblem: false,
  });
  expect(await say('2020-07-02T21:00')).toEqual({
    text: expect.stringMatching(/^Has passed, [0-9,]+ days ago: 2 Jul 2020, 19:00 UTC\.$/),
    isProblem: true,
  });
  expect(await say('2099-03-29T02:30')).toMatchObject({ isProblem: true });
  expect(await say('2099-10-25T02:30')).toMatchObject({ text: expect.stringContaining('show this twice') });
  expect(await say('')).toEqual({ text: '', isProblem: false });
  await agent.get('/admin/time').query({ text: '', zone: 'Mars/Olympus' }).expect(400);
});
