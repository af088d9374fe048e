import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries } from '../support/catalog';
import { type Agent, attribute, type Fields, fieldsOf, fillIn, post, unescaped } from '../support/html-form';
import { until } from '../support/until';

const EMAIL = 'ada@example.org';
const PASSWORD = 'correct horse battery';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, EMAIL, PASSWORD);
});
afterAll(() => site.close());

/** A browser's cookies, logged in. */
async function loggedIn(): Promise<Agent> {
  const agent = request.agent(site.app);
  await logIn(agent, { email: EMAIL, password: PASSWORD }).then(({ status }) => expect(status).toBe(303));
  return agent;
}

async function logIn(agent: Agent, { next = '', ...fields }: Fields) {
  const page = await agent.get(`/admin/login${next && `?next=${encodeURIComponent(next)}`}`).expect(200);
  return post(agent, '/admin/login', { ...fieldsOf(page.text, '/admin/login'), ...fields });
}

/** The text of the error at a field, which the field has to be described by and marked as invalid for. */
function errorAt(html: string, path: string): string | undefined {
  const control =
    new RegExp(`<(?:input|select|textarea)[^>]* id="field-${path}"[^>]*>`).exec(html)?.[0] ?? '';
  if (!control.includes('aria-invalid="true"')) return undefined;
  expect(attribute(control, 'aria-describedby')?.split(' ')).toContain(`field-${path}-error`);
  const error = new RegExp(`id="field-${path}-error">(.*?)</p>`, 's').exec(html)?.[1];
  return error && unescaped(error.replace(/<[^>]*>/g, '').trim());
}

function inSummary(html: string): string[] {
  const summary = /<div[^>]*role="alert"[^>]*data-errors>(.*?)<\/div>/s.exec(html)?.[1] ?? '';
  return [...summary.matchAll(/<a href="#([^"]+)">/g)].map(([, id = '']) => id);
}

const server = { name: 'Main', kind: 'embed', url: 'https://video.example/e/1' };

describe('logging in', () => {
  test('is asked for, and leads back to the page that was asked for', async () => {
    const agent = request.agent(site.app);
    const page = '/admin/series?search=%E8%91%AC%E9%80%81';
    const { headers } = await agent.get(page).expect(303);
    expect(headers.location).toBe(`/admin/login?next=${encodeURIComponent(page)}`);

    const answer = await logIn(agent, { email: EMAIL, password: PASSWORD, next: page });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(page);
    const { text } = await agent.get(page).expect(200);
    expect(text).toContain(EMAIL);
    expect(text).toContain('No series matches “葬送”');
  });

  test.each(['https://evil.example/', '//evil.example/', '/admin/login', '/series/frieren'])(
    'leads to the front page instead of %s',
    async (next) => {
      const answer = await logIn(request.agent(site.app), { email: EMAIL, password: PASSWORD, next });
      expect(answer.headers.location).toBe('/admin');
    },
  );

  test('a wrong password is refused with the address kept, and no word on which of the two was wrong', async () => {
    const known = await logIn(request.agent(site.app), { email: EMAIL, password: 'wrong' });
    const unknown = await logIn(request.agent(site.app), { email: 'bob@example.org', password: 'wrong' });
    expect([known.status, unknown.status]).toEqual([422, 422]);
    expect(fieldsOf(known.text, '/admin/login')).toMatchObject({ email: EMAIL, password: '' });
    expect(known.text).toContain('The address or the password is not right.');
    expect(unknown.text).toContain('The address or the password is not right.');
  });

  test('is throttled after ten wrong passwords, even for the right one', async () => {
    const email = 'throttled@example.org';
    await createAdmin(site.database.db, email, PASSWORD);
    const agent = request.agent(site.app);
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect((await logIn(agent, { email, password: 'wrong' })).status).toBe(422);
    }
    const answer = await logIn(agent, { email: email.toUpperCase(), password: PASSWORD });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.text).toContain('Too many wrong passwords. Try again in 15 minutes.');
  });

  test('logging out ends the session', async () => {
    const agent = await loggedIn();
    const answer = await fillIn(agent, '/admin/series', '/admin/logout', {});
    expect(answer.headers.location).toBe('/admin/login');
    await agent.get('/admin/series').expect(303);
  });

  test('a session whose account is gone ends at the login page', async () => {
    const agent = request.agent(site.app);
    const email = 'gone@example.org';
    await createAdmin(site.database.db, email, PASSWORD);
    await logIn(agent, { email, password: PASSWORD });
    await site.database.db('admin_users').where({ email }).delete();
    await agent.get('/admin/series').expect(303);
    await agent.get('/admin/login').expect(200);
  });
});

describe('a form that was sent from elsewhere', () => {
  test.each([
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of a sister site', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { Origin: 'https://evil.example' }],
    ['nowhere', { Origin: 'null' }],
    ['another port', { Origin: 'http://site.example:8080' }],
    ['somewhere that is not told', {}],
    ['the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['another site, which says otherwise', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://site.example' }],
  ])('is refused: %s', async (_where, headers) => {
    const agent = await loggedIn();
    const { text } = await agent.get('/admin/series/new');
    const fields = { ...fieldsOf(text, '/admin/series/new'), title: 'From elsewhere' };
    const answer = await send(agent, '/admin/series', fields, headers);
    expect(answer.status).toBe(403);
    expect(answer.text).toMatch(/Nothing was saved\. Go back: what you typed is still there\./);
    expect(await site.database.db('series').where({ title: 'From elsewhere' })).toEqual([]);
    await send(agent, '/admin/logout', {}, headers).expect(403);
    await agent.get('/admin/series').expect(200);
  });

  test('says what to do to a browser that hides where it comes from', async () => {
    const answer = await send(await loggedIn(), '/admin/series', {}, { Origin: 'null' });
    expect(answer.text).toContain('Allow this site to see referrers');
  });

  test('is refused before its body is read', async () => {
    const answer = await send(await loggedIn(), '/admin/series', {}, { Origin: 'https://evil.example' }).send(
      'x'.repeat(300_000),
    );
    expect(answer.status).toBe(403);
  });

  test.each([
    ['https', { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' }],
    ['plain http, by a name or an address of the network at home', { Origin: 'http://site.example' }],
  ])('is none that a page of the site sent: %s', async (_how, headers) => {
    const agent = await loggedIn();
    const { text } = await agent.get('/admin/series/new');
    const fields = { ...fieldsOf(text, '/admin/series/new'), title: 'From here' };
    await send(agent, '/admin/series', fields, headers).expect(303);
  });

  function send(agent: Agent, address: string, fields: Fields, headers: Readonly<Record<string, string>>) {
    const body = new URLSearchParams(fields).toString();
    return agent.post(address).set('Host', 'site.example').set(headers).type('form').send(body);
  }
});

test('a series and its episodes are posted through the forms alone', async () => {
  const agent = await loggedIn();
  const created = await fillIn(agent, '/admin/series/new', '/admin/series/new', {
    title: '葬送のフリーレン',
    synonyms: 'Frieren\r\nSousou no Frieren\r\n',
    seasonYear: '2023',
    season: 'fall',
  });
  expect(created.status).toBe(303);
  const newPage = created.headers.location ?? '';
  expect(newPage).toMatch(/^\/admin\/series\/[0-9]+\/episodes\/new$/);
  const action = newPage.replace('/new', '');

  const page = await agent.get(newPage).expect(200);
  expect(page.text).toContain('“葬送のフリーレン” was saved.');
  expect(page.text).toContain('lang="ja">葬送のフリーレン</a>');
  expect(fieldsOf(page.text, action)).toMatchObject({ number: '1', status: 'published' });

  const posted = await fillIn(agent, newPage, action, {
    'videoServers[0][name]': server.name,
    'videoServers[0][url]': server.url,
    duration: '24:00',
  });
  expect(posted.status).toBe(303);
  const edit = await agent.get(posted.headers.location ?? '').expect(200);
  expect(edit.text).toContain('Episode 1 of “葬送のフリーレン” was saved.');
  expect(edit.text).toMatch(/<a [^>]*href="\/series\/[a-z0-9-]+\/episodes\/1">See it on the site<\/a>/);
  expect(fieldsOf(edit.text, posted.headers.location?.replace('/edit', '') ?? '')).toMatchObject({
    number: '1',
    duration: '24:00',
    'videoServers[0][url]': server.url,
    'videoServers[0][audioLanguage]': 'ja',
    'videoServers[0][enabled]': '1',
  });
  // Told once.
  expect((await agent.get(posted.headers.location ?? '')).text).not.toContain('was saved.');

  // The next one follows it.
  const next = await agent.get(newPage);
  expect(fieldsOf(next.text, action)).toMatchObject({
    number: '2',
    duration: '24:00',
    'videoServers[0][name]': server.name,
    'videoServers[0][id]': '',
    'videoServers[0][url]': 'https://video.example/e/2',
  });
  expect(next.text).toContain('As before, with 2 for 1');
  expect(/<input[^>]*name="videoServers\[0\]\[url\]"[^>]*>/s.exec(next.text)?.[0]).toContain('autofocus');
  const list = await agent.get('/admin/series').query({ search: 'sousou' });
  expect(list.text).toContain('葬送のフリーレン</a>');
});

test('a series without a title is refused, with everything else kept', async () => {
  const agent = await loggedIn();
  const { status, text } = await fillIn(agent, '/admin/series/new', '/admin/series/new', {
    title: ' ',
    slug: 'Not A Slug',
    synonyms: `Good\n${'x'.repeat(301)}`,
    synopsis: 'First line\r\nsecond line',
    season: 'fall',
    visible: '',
  });
  expect(status).toBe(422);
  expect(inSummary(text)).toEqual(['field-title', 'field-synonyms', 'field-slug', 'field-seasonYear']);
  expect(errorAt(text, 'title')).toBe('Must not be empty.');
  expect(errorAt(text, 'slug')).toBe('Must be words of a–z and 0–9 joined by single hyphens.');
  expect(errorAt(text, 'synonyms')).toBe('Line 2: Must have at most 300 characters.');
  expect(errorAt(text, 'synopsis')).toBeUndefined();
  expect(fieldsOf(text, '/admin/series/new')).toMatchObject({
    slug: 'Not A Slug',
    synopsis: 'First line\nsecond line',
    season: 'fall',
  });
  expect(fieldsOf(text, '/admin/series/new')).not.toHaveProperty('visible');
});

describe('an episode’s form', () => {
  test('is refused with an error at each field that is not right, and everything kept', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Refused' });
    const action = `/admin/series/${id}/episodes`;
    const sent = {
      number: 'twelve',
      title: 'Kept & kept',
      duration: 'long',
      'videoServers[0][name]': 'Plain',
      'videoServers[0][url]': 'http://video.example/1',
      'videoServers[1][name]': 'Secret',
      'videoServers[1][kind]': 'file',
      'videoServers[1][url]': 'https://ada:pass@video.example/1.mp4',
      'videoServers[2][name]': 'Long',
      'videoServers[2][kind]': 'hls',
      'videoServers[2][url]': `https://video.example/${'1'.repeat(2_048)}`,
      'videoServers[2][audioLanguage]': 'japanese!',
      'videoServers[2][enabled]': '1',
    };
    const { status, text } = await fillIn(agent, `${action}/new`, action, sent);

    expect(status).toBe(422);
    expect(inSummary(text).sort()).toEqual(
      [
        'field-number',
        'field-duration',
        'field-videoServers.0.url',
        'field-videoServers.1.url',
        'field-videoServers.2.url',
        'field-videoServers.2.audioLanguage',
      ].sort(),
    );
    expect(errorAt(text, 'number')).toMatch(/^Must be a number/);
    expect(errorAt(text, 'duration')).toMatch(/^Must be a duration .* 24:00/);
    expect(errorAt(text, 'videoServers.0.url')).toBe(
      'Must begin with https:// (http:// only for localhost).',
    );
    expect(errorAt(text, 'videoServers.1.url')).toBe('Must not contain a user name or password.');
    expect(errorAt(text, 'videoServers.2.url')).toBe('Must have at most 2048 characters.');
    expect(errorAt(text, 'videoServers.2.audioLanguage')).toMatch(/^Must be a language tag/);
    expect(errorAt(text, 'videoServers.0.name')).toBeUndefined();
    expect(fieldsOf(text, action)).toMatchObject(sent);
  });

  test('asks for the time of an episode that is scheduled', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Scheduled' });
    const action = `/admin/series/${id}/episodes`;
    const refused = await fillIn(agent, `${action}/new`, action, { status: 'scheduled' });
    expect(refused.status).toBe(422);
    expect(errorAt(refused.text, 'publishTime')).toBe('Is required for a scheduled episode.');

    const fields = { ...fieldsOf(refused.text, action), publishTime: '2099-01-02T03:04' };
    const saved = await post(agent, action, fields).expect(303);
    const edit = await agent.get(saved.headers.location ?? '');
    expect(fieldsOf(edit.text, saved.headers.location?.replace('/edit', '') ?? '')).toMatchObject({
      status: 'scheduled',
      publishTime: '2099-01-02T03:04',
    });
    const list = await agent.get('/admin/episodes').query({ seriesId: id });
    expect(list.text).toMatch(/Due <time [^>]*>2 Jan 2099, 03:04 UTC</);
  });

  test('refuses a time that contradicts the status, at that field, with all that was typed', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Contradiction' });
    const action = `/admin/series/${id}/episodes`;
    const published = await fillIn(agent, `${action}/new`, action, {
      title: 'Kept',
      status: 'published',
      publishTime: '2099-01-02T03:04',
    });
    expect(published.status).toBe(422);
    expect(errorAt(published.text, 'publishTime')).toMatch(/^Is still to come, but “Now” is chosen./);
    expect(fieldsOf(published.text, action)).toMatchObject({
      title: 'Kept',
      publishTime: '2099-01-02T03:04',
    });

    const past = {
      ...fieldsOf(published.text, action),
      status: 'scheduled',
      publishTime: '2020-01-02T03:04',
    };
    const scheduled = await post(agent, action, past);
    expect(scheduled.status).toBe(422);
    expect(errorAt(scheduled.text, 'publishTime')).toMatch(/^Has passed. Publish now/);

    const saved = await post(agent, action, { ...past, publishTime: '2099-01-02T03:04' }).expect(303);
    const address = saved.headers.location?.replace('/edit', '') ?? '';
    const other = { status: 'published', publishTime: '2099-01-02T03:05' };
    const at = await fillIn(agent, `${address}/edit`, address, other);
    expect(at.status).toBe(422);
    expect(errorAt(at.text, 'publishTime')).toMatch(/^Is still to come/);
    // Left as it was, the time gives way to what was chosen instead.
    const left = { ...fieldsOf(at.text, address), publishTime: '2099-01-02T03:04' };
    await post(agent, address, left).expect(303);
  });

  test('that is older than its publication shows both, although its time has passed', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Published meanwhile' });
    const episode = await newEpisode(site.catalog, id, {
      status: 'scheduled',
      publishAt: '2099-01-01T00:00:00Z',
    });
    const address = `/admin/episodes/${episode.id}`;
    const { text } = await agent.get(`${address}/edit`);
    const published = {
      status: 'published',
      version: 2,
      publish_at: '2020-01-01T00:00:00Z',
      published_at: new Date(),
    };
    await site.database.db('episodes').where({ id: episode.id }).update(published);
    const answer = await post(agent, address, {
      ...fieldsOf(text, address),
      publishTime: '2020-02-02T00:00',
    });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('Not saved: this episode was changed while you were editing');
    expect(fieldsOf(answer.text, address)).toMatchObject({
      status: 'published',
      publishTime: '2020-02-02T00:00',
    });
  });

  test('understands what a Japanese keyboard types of numbers, and no other spelling', async () => {
    const agent = await loggedIn();
    const created = await fillIn(agent, '/admin/series/new', '/admin/series/new', {
      title: 'Full width',
      seasonYear: '２０２６',
      season: 'fall',
    });
    const action = created.headers.location?.replace('/new', '') ?? '';
    const refused = await fillIn(agent, `${action}/new`, action, { number: '1e3', duration: '1:99:00' });
    expect(inSummary(refused.text)).toEqual(['field-number', 'field-duration']);
    const saved = await fillIn(agent, `${action}/new`, action, {
      number: '７００１３，５',
      duration: '２４：００',
    });
    const { text } = await agent.get(saved.headers.location ?? '');
    expect(fieldsOf(text, saved.headers.location?.replace('/edit', '') ?? '')).toMatchObject({
      number: '70013.5',
      duration: '24:00',
    });
    for (const seasonYear of ['0x7E8', '2e3', '2026.0', '-2026', '２０２']) {
      const { text } = await fillIn(agent, '/admin/series/new', '/admin/series/new', {
        title: 'Odd year',
        seasonYear,
        season: 'fall',
      });
      expect([seasonYear, errorAt(text, 'seasonYear')]).toEqual([
        seasonYear,
        expect.stringMatching(/^Must be a year/),
      ]);
    }
  });

  test.each([
    ['2031-01-01T12:00:45.000Z', '2031-01-01T12:00:45'],
    ['2031-01-01T12:00:45.120Z', '2031-01-01T12:00:45.120'],
    ['2031-01-01T12:00:00.120Z', '2031-01-01T12:00:00.120'],
    ['2031-01-01T12:00:00.000Z', '2031-01-01T12:00'],
  ])('keeps %s to the millisecond, also where the browser knows minutes alone', async (publishAt, shown) => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Seconds' });
    const episode = await newEpisode(site.catalog, id, { status: 'scheduled', publishAt });
    const address = `/admin/episodes/${episode.id}`;
    const read = async () =>
      (await site.database.db('episodes').where({ id: episode.id }).first()).publish_at;

    expect(fieldsOf((await agent.get(`${address}/edit`)).text, address)).toMatchObject({
      publishTime: shown,
    });
    await fillIn(agent, `${address}/edit`, address, { title: 'A' }).then(({ status }) =>
      expect(status).toBe(303),
    );
    expect(await read()).toEqual(new Date(publishAt));
    const cut = { title: 'B', publishTime: publishAt.slice(0, 16) };
    await fillIn(agent, `${address}/edit`, address, cut).then(({ status }) => expect(status).toBe(303));
    expect(await read()).toEqual(new Date(publishAt));
    const later = { publishTime: '2031-01-01T12:01' };
    await fillIn(agent, `${address}/edit`, address, later).then(({ status }) => expect(status).toBe(303));
    expect(await read()).toEqual(new Date('2031-01-01T12:01:00Z'));
  });

  test.each(['275760-09-13T00:00', '0001-01-01T00:00', '2026-02-30T00:00', 'tomorrow'])(
    'says what a time has to be like instead of %s',
    async (publishTime) => {
      const agent = await loggedIn();
      const { id } = await newSeries(site.catalog, { title: 'No time' });
      const action = `/admin/series/${id}/episodes`;
      const { status, text } = await fillIn(agent, `${action}/new`, action, {
        status: 'scheduled',
        publishTime,
      });
      expect(status).toBe(422);
      expect(errorAt(text, 'publishTime')).toBe(
        'Must be a date and time in the years 1900 to 9999, such as 2026-11-23T09:30.',
      );
      expect(fieldsOf(text, action)).toMatchObject({ publishTime });
    },
  );

  test('has Save as its first button, so that Enter in a field saves', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Enter' });
    const { text } = await agent.get(`/admin/series/${id}/episodes/new`);
    const form = text.slice(text.indexOf(`action="/admin/series/${id}/episodes"`));
    const [button] = /<button[^>]*>/.exec(form) ?? [];
    expect(button).toContain('type="submit"');
    expect(button).not.toContain('name=');
  });

  test('gets and loses rows of servers without saving anything', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Rows' });
    const action = `/admin/series/${id}/episodes`;
    const two = await fillIn(agent, `${action}/new`, action, {
      action: 'add-server',
      number: 'not yet a number',
      'videoServers[0][name]': 'First',
    });
    expect(two.status).toBe(200);
    const fields = fieldsOf(two.text, action);
    expect(fields).toMatchObject({
      number: 'not yet a number',
      'videoServers[0][name]': 'First',
      'videoServers[1][name]': '',
      'videoServers[1][enabled]': '1',
    });

    const one = await post(agent, action, {
      ...fields,
      'videoServers[1][name]': 'Second',
      action: 'remove-server-0',
    });
    expect(fieldsOf(one.text, action)).toMatchObject({ 'videoServers[0][name]': 'Second' });
    expect(fieldsOf(one.text, action)).not.toHaveProperty('videoServers[1][name]');
    expect(await site.database.db('episodes').where({ series_id: id })).toEqual([]);
  });

  test('saves and goes on to the next one, which follows it and no other', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Next' });
    const videoServers = [server, { ...server, name: 'Mirror', url: 'https://mirror.example/watch' }];
    const special = await newEpisode(site.catalog, id, { kind: 'special', number: '1', videoServers });
    await newEpisode(site.catalog, id, { number: '40' });
    const address = `/admin/episodes/${special.id}`;
    const saved = await fillIn(agent, `${address}/edit`, address, { action: 'save-and-next', title: 'A' });
    expect(saved.status).toBe(303);
    const action = `/admin/series/${id}/episodes`;
    expect(saved.headers.location).toBe(`${action}/new?after=${special.id}`);
    const { text } = await agent.get(saved.headers.location ?? '');
    expect(text).toContain('Special 1 of “Next” was saved.');
    expect(fieldsOf(text, action)).toMatchObject({
      kind: 'special',
      number: '2',
      title: '',
      'videoServers[0][url]': 'https://video.example/e/2',
      'videoServers[1][name]': 'Mirror',
      'videoServers[1][url]': '',
    });
    // The first that could not be made is where the form begins.
    expect(/<input[^>]*name="videoServers\[1\]\[url\]"[^>]*>/s.exec(text)?.[0]).toContain('autofocus');
    const list = await agent.get('/admin/episodes').query({ seriesId: id });
    expect(list.text).toContain(`href="${action}/new?after=${special.id}"`);
    const lost = await agent.get(`${action}/new?after=999999`).expect(200);
    expect(fieldsOf(lost.text, action)).toMatchObject({ kind: 'regular', number: '41' });
  });

  test('moves servers, and makes servers of lines, without JavaScript', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Pasted' });
    const action = `/admin/series/${id}/episodes`;
    const pasted = 'https://b.example/1.m3u8\r\n<iframe src="https://a.example/e/1"></iframe>\r\n';
    const made = await fillIn(agent, `${action}/new`, action, { action: 'add-pasted', pasted });
    expect(made.status).toBe(200);
    expect(fieldsOf(made.text, action)).toMatchObject({
      'videoServers[0][name]': 'b.example',
      'videoServers[0][kind]': 'hls',
      'videoServers[1][name]': 'a.example',
      'videoServers[1][kind]': 'embed',
      pasted: '',
    });
    const moved = await post(agent, action, { ...fieldsOf(made.text, action), action: 'move-up-1' });
    expect(fieldsOf(moved.text, action)).toMatchObject({
      'videoServers[0][name]': 'a.example',
      'videoServers[1][name]': 'b.example',
    });
    const same = await post(agent, action, { ...fieldsOf(moved.text, action), action: 'move-down-1' });
    expect(fieldsOf(same.text, action)).toEqual(fieldsOf(moved.text, action));
    // What still stands in the field for lines when it is saved is saved with it, or refused like any other.
    const late = { ...fieldsOf(same.text, action), pasted: 'https://c.example/1.mp4\nno address' };
    const refused = await post(agent, action, late);
    expect(inSummary(refused.text)).toEqual(['field-videoServers.3.url']);
    const fields = { ...fieldsOf(refused.text, action), action: 'remove-server-3' };
    const right = await post(agent, action, fields);
    const saved = await post(agent, action, fieldsOf(right.text, action)).expect(303);
    const address = saved.headers.location?.replace('/edit', '') ?? '';
    expect(fieldsOf((await agent.get(`${address}/edit`)).text, address)).toMatchObject({
      'videoServers[0][url]': 'https://a.example/e/1',
      'videoServers[1][url]': 'https://b.example/1.m3u8',
      'videoServers[2][name]': 'c.example',
      'videoServers[2][kind]': 'file',
    });
  });

  test('keeps, changes, adds and drops servers when it is saved', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Servers' });
    const episode = await newEpisode(site.catalog, id, {
      videoServers: [
        { ...server, name: 'Kept' },
        { ...server, name: 'Dropped' },
      ],
    });
    const address = `/admin/episodes/${episode.id}`;
    const page = await agent.get(`${address}/edit`);
    const without = await post(agent, address, {
      ...fieldsOf(page.text, address),
      action: 'remove-server-1',
    });
    await post(agent, address, {
      ...fieldsOf(without.text, address),
      'videoServers[0][subtitleLanguage]': 'pt-br',
      'videoServers[1][name]': 'Added',
      'videoServers[1][kind]': 'hls',
      'videoServers[1][url]': 'https://video.example/1.m3u8',
    }).expect(303);

    const saved = await agent.get(`${address}/edit`);
    expect(fieldsOf(saved.text, address)).toMatchObject({
      'videoServers[0][id]': episode.videoServers[0]?.id,
      'videoServers[0][name]': 'Kept',
      'videoServers[0][subtitleLanguage]': 'pt-BR',
      'videoServers[1][name]': 'Added',
    });
    // Its switch was not sent: it is off.
    expect(fieldsOf(saved.text, address)).not.toHaveProperty('videoServers[1][enabled]');
  });

  test('names who has the number that was wanted, and leads there', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Taken' });
    const taken = await newEpisode(site.catalog, id, { number: '7' });
    const action = `/admin/series/${id}/episodes`;
    const { status, text } = await fillIn(agent, `${action}/new`, action, {
      number: '07',
      title: 'Kept',
      'videoServers[0][url]': server.url,
    });
    expect(status).toBe(409);
    expect(inSummary(text)).toEqual(['field-number']);
    expect(errorAt(text, 'number')).toBe('Episode 7 exists already. Edit Episode 7');
    expect(text).toContain(`<a href="/admin/episodes/${taken.id}/edit">Edit Episode 7</a>`);
    expect(fieldsOf(text, action)).toMatchObject({ number: '07', title: 'Kept' });
  });

  test('names who has the external id that was wanted', async () => {
    const agent = await loggedIn();
    const { id } = await newSeries(site.catalog, { title: 'Known', externalId: 'shop-1' });
    const taken = await newEpisode(site.catalog, id, { number: '1', externalId: 'e-1' });
    const action = `/admin/series/${id}/episodes`;
    const { status, text } = await fillIn(agent, `${action}/new`, action, {
      number: '2',
      externalId: 'e-1',
      'videoServers[0][url]': server.url,
    });
    expect(status).toBe(409);
    expect(inSummary(text)).toEqual(['field-externalId']);
    expect(errorAt(text, 'externalId')).toBe('Is taken by Episode 1 of “Known”. Edit Episode 1 of “Known”');
    expect(text).toContain(`href="/admin/episodes/${taken.id}/edit"`);
    const series = await fillIn(agent, '/admin/series/new', '/admin/series/new', {
      title: 'Another',
      externalId: 'shop-1',
    });
    expect(errorAt(series.text, 'externalId')).toBe('Another series has this external id.');
  });

  test('that is older than what is saved shows both, loses neither, and can be sent again', async () => {
    const [mine, theirs] = await Promise.all([loggedIn(), loggedIn()]);
    const { id } = await newSeries(site.catalog, { title: 'Conflict' });
    const episode = await newEpisode(site.catalog, id, { synopsis: 'One\nTwo' });
    const address = `/admin/episodes/${episode.id}`;
    const { text } = await mine.get(`${address}/edit`);
    await fillIn(theirs, `${address}/edit`, address, { title: 'Their title' }).then(({ status }) =>
      expect(status).toBe(303),
    );

    // A browser sends the lines of a text with CRLF.
    const synopsis = 'One\r\nTwo';
    const refused = await post(mine, address, { ...fieldsOf(text, address), synopsis, title: 'My title' });
    expect(refused.status).toBe(409);
    const box =
      /<section[^>]*aria-labelledby="conflict-title">(.*?)<\/section>/s.exec(refused.text)?.[1] ?? '';
    expect(box).toContain('role="alert"');
    expect([...box.matchAll(/role="rowheader">(.*?)</g)].map(([, label]) => label)).toEqual(['Title']);
    expect([...box.matchAll(/role="cell"[^>]*>(.*?)</g)].map(([, value]) => value)).toEqual([
      'My title',
      'Their title',
    ]);
    expect(box).toMatch(/by ada@example\.org, \d+ \w+ \d{4}, \d\d:\d\d UTC/);
    expect(fieldsOf(refused.text, address)).toMatchObject({ title: 'My title' });

    await post(mine, address, fieldsOf(refused.text, address)).expect(303);
    expect(fieldsOf((await mine.get(`${address}/edit`)).text, address)).toMatchObject({ title: 'My title' });
  });
});

test('what only another has changed since the form was opened is taken over, and said', async () => {
  const [mine, theirs] = await Promise.all([loggedIn(), loggedIn()]);
  const { id } = await newSeries(site.catalog, { title: 'Merged' });
  const episode = await newEpisode(site.catalog, id, {
    videoServers: [server, { ...server, name: 'Mirror' }],
  });
  const address = `/admin/episodes/${episode.id}`;
  const { text } = await mine.get(`${address}/edit`);
  const changed = { title: 'Theirs', 'videoServers[1][url]': 'https://video.example/e/theirs' };
  await fillIn(theirs, `${address}/edit`, address, changed).then(({ status }) => expect(status).toBe(303));

  // A row is added, which saves nothing and takes nothing over, and then the form is refused once.
  const rows = await post(mine, address, {
    ...fieldsOf(text, address),
    action: 'add-server',
    synopsis: 'Mine',
  });
  const wrong = await post(mine, address, { ...fieldsOf(rows.text, address), number: 'x' });
  expect(wrong.status).toBe(422);
  const fields = {
    ...fieldsOf(wrong.text, address),
    number: '1',
    'videoServers[0][url]': 'https://video.example/e/mine',
    'videoServers[2][name]': 'Added',
    'videoServers[2][kind]': 'embed',
    'videoServers[2][url]': 'https://video.example/e/added',
  };
  const saved = await post(mine, address, fields);
  expect(saved.status).toBe(303);
  const after = await mine.get(saved.headers.location ?? '');
  expect(after.text).toContain(
    'It also has what was changed meanwhile: Title (ada@example.org), Video servers (ada@example.org).',
  );
  expect(fieldsOf(after.text, address)).toMatchObject({
    title: 'Theirs',
    synopsis: 'Mine',
    'videoServers[0][url]': 'https://video.example/e/mine',
    'videoServers[1][url]': 'https://video.example/e/theirs',
    'videoServers[2][name]': 'Added',
  });
});

test('a series’ form that is older than what is saved shows both', async () => {
  const agent = await loggedIn();
  const { id } = await newSeries(site.catalog, { title: 'Old title', synonyms: ['A', 'B'] });
  const address = `/admin/series/${id}`;
  const { text } = await agent.get(`${address}/edit`);
  await fillIn(agent, `${address}/edit`, address, { title: 'Their title' }).then(({ status }) =>
    expect(status).toBe(303),
  );
  const refused = await post(agent, address, {
    ...fieldsOf(text, address),
    synonyms: 'A\r\nB',
    title: 'My title',
  });
  expect(refused.status).toBe(409);
  expect([...refused.text.matchAll(/role="cell"[^>]*>(.*?)</g)].map(([, value]) => value)).toEqual([
    'My title',
    'Their title',
  ]);
  await post(agent, address, fieldsOf(refused.text, address)).expect(303);
});

test('a deletion can be taken back from the page that tells of it', async () => {
  const agent = await loggedIn();
  const { id } = await newSeries(site.catalog, { title: 'Undone' });
  const episode = await newEpisode(site.catalog, id, { number: '3' });
  const list = `/admin/episodes?seriesId=${id}`;

  const deleted = await fillIn(agent, list, `/admin/episodes/${episode.id}/delete`, {});
  expect([deleted.status, deleted.headers.location]).toEqual([303, list]);
  const told = await agent.get(list);
  expect(told.text).toContain('Episode 3 of “Undone” was deleted.');
  expect(told.text).toContain('This series has no episodes yet');
  await agent.get(`/admin/episodes/${episode.id}/edit`).expect(404);

  const undo = `/admin/episodes/${episode.id}/restore`;
  await post(agent, undo, fieldsOf(told.text, undo)).expect(303);
  const back = await agent.get(list);
  expect(back.text).toContain('Episode 3 of “Undone” is back.');
  expect(back.text).toContain(`href="/admin/episodes/${episode.id}/edit"`);
});

test('a redirect waits until the session is saved, so that the next page has something to tell', async () => {
  const { db } = site.database;
  const agent = request.agent(site.app);
  const login = await logIn(agent, { email: EMAIL, password: PASSWORD });
  const { text } = await agent.get('/admin/series/new');
  const server = createServer(site.app).listen();
  await once(server, 'listening');
  const { port } = addressOf(server);
  // Sessions can be read, but not written.
  const lock = await db.transaction();
  await lock.raw('lock table admin_sessions in exclusive mode');

  let answered = false;
  const answer = fetch(`http://localhost:${port}/admin/series`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'Sec-Fetch-Site': 'same-origin',
      Cookie: /nipnime\.sid=[^;]+/.exec(String(login.headers['set-cookie']))?.[0] ?? '',
    },
    body: new URLSearchParams({ ...fieldsOf(text, '/admin/series/new'), title: 'Told' }),
  }).then((response) => {
    answered = true;
    return response;
  });
  try {
    await until(async () => (await db.raw('select 1 from pg_locks where not granted')).rowCount > 0);
    expect(answered).toBe(false);
  } finally {
    await lock.rollback();
  }

  const { status, headers } = await answer;
  expect(status).toBe(303);
  expect((await agent.get(headers.get('location') ?? '')).text).toContain('“Told” was saved.');
  server.close();
  await once(server, 'close');
});

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server listens to no port.');
  return address;
}

test('lists can be narrowed and paged', async () => {
  const agent = await loggedIn();
  const { id } = await newSeries(site.catalog, { title: 'Paged' });
  for (let number = 1; number <= 51; number++) {
    await newEpisode(site.catalog, id, { number, status: number === 1 ? 'draft' : 'published' });
  }
  const numbersIn = (html: string) =>
    [...html.matchAll(/\/edit">Episode ([0-9.]+)</g)].map(([, number]) => Number(number));

  const first = await agent.get('/admin/episodes').query({ seriesId: id });
  expect(numbersIn(first.text)).toEqual(Array.from({ length: 50 }, (_, index) => 51 - index));
  const older = attribute(/<a [^>]*rel="next">/.exec(first.text)?.[0] ?? '', 'href') ?? '';
  const second = await agent.get(older).expect(200);
  expect(numbersIn(second.text)).toEqual([1]);
  expect(second.text).not.toContain('rel="next"');

  const drafts = await agent.get('/admin/episodes').query({ seriesId: id, status: 'draft' });
  expect(numbersIn(drafts.text)).toEqual([1]);
  const hidden = await agent.get('/admin/episodes').query({ seriesId: id, status: 'hidden' });
  expect(hidden.text).toContain('No episode is hidden');
});

test('what an admin types is text on every page, never markup', async () => {
  const agent = await loggedIn();
  const script = `"><script>alert('1')</script>`;
  const { id } = await newSeries(site.catalog, {
    title: script,
    titleNative: script,
    synonyms: [script],
    synopsis: script,
  });
  const episode = await newEpisode(site.catalog, id, {
    title: script,
    synopsis: `</textarea>${script}`,
    videoServers: [{ ...server, name: script }],
  });
  const address = `/admin/episodes/${episode.id}`;
  const series = await agent.get(`/admin/series/${id}/edit`);
  const pages = [
    series,
    await agent.get('/admin/series').query({ search: script }),
    await agent.get('/admin/episodes').query({ seriesId: id }),
    await agent.get(`/admin/series/${id}/episodes/new`),
    await agent.get(`${address}/edit`),
    await fillIn(agent, `${address}/edit`, address, { number: script, version: script }),
    await fillIn(agent, `${address}/edit`, address, { title: `${script}2`, version: '0', base: '' }),
    await post(agent, `/admin/series/${id}`, {
      ...fieldsOf(series.text, `/admin/series/${id}`),
      slug: script,
    }),
    await logIn(request.agent(site.app), { email: script, password: 'wrong' }),
  ];
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 422, 409, 422, 422]);
  for (const { text } of pages) {
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('</textarea>"');
  }
});
