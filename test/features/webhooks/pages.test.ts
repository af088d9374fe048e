import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { newSecret, signedHeaders } from '../../../src/features/webhooks/signature';
import { projectRoot } from '../../../src/platform/project';
import { createTestApp, type TestApp } from '../../support/app';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'correct horse battery' };
const FIELDS = {
  name: ' Mirror ',
  url: 'https://hook.example/in?token=undisclosed',
  format: 'json',
  'event-episode.published': '1',
  enabled: '1',
};

let site: TestApp;
let ada: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  ada = newBrowser(site);
  await sendLogin(ada, ADA).expect(303);
});
afterAll(() => site.close());

const send = (path: string, fields: Readonly<Record<string, string>> = {}) =>
  ada
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());

const lastAct = () => site.database.db('journal').orderBy('id', 'desc').first();

/** A webhook that was made by the form; its page, and its secret. */
async function made(fields: Readonly<Record<string, string>> = FIELDS) {
  const { headers } = await send('/admin/webhooks/new', fields).expect(303);
  const path = String(headers.location);
  expect(path).toMatch(/^\/admin\/webhooks\/\d+$/);
  const { text } = await ada.get(path).expect(200);
  return { path, secret: /readonly value="(whsec_[^"]+)"/.exec(text)?.[1], text };
}

test('a webhook is made, its secret shown once, and the journal knows neither that nor the address', async () => {
  const { path, secret } = await made();
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
  const { text } = await ada.get(path);
  expect(text).not.toContain('whsec_');
  expect(text).toContain('Tells hook.example, as JSON, of episode.published.');
  expect(text).not.toContain('undisclosed');
  expect((await ada.get('/admin/webhooks')).text).not.toContain('undisclosed');
  expect(await lastAct()).toMatchObject({
    action: 'webhook.create',
    subject_label: 'Mirror',
    changes: { url: { after: 'hook.example' }, events: { after: ['episode.published'] } },
  });
});

test.each([
  [{ name: '' }, 'Must not be empty.'],
  [{ url: 'ftp://hook.example/' }, 'Must begin with https:// (or http://).'],
  [{ url: 'http://169.254.169.254/latest/meta-data' }, 'Must lead to a public address'],
  [{ url: 'https://hook.example:6379/' }, 'Must have one of the ports 80, 443, 8080, 8443.'],
  [{ format: 'xml' }, 'Must be one of the list.'],
  [{ 'event-episode.published': '' }, 'Choose at least one.'],
])('%j is refused, and what was typed is kept', async (wrong, message) => {
  const count = () => site.database.db('webhooks').count();
  const before = await count();
  const fields: Record<string, string> = { ...FIELDS, ...wrong };
  const { text } = await send('/admin/webhooks/new', fields).expect(422);
  expect(text).toContain(message);
  expect(text).toContain('Not saved: one field needs another look');
  expect(text).toContain(`value="${fields.url}"`);
  expect(await count()).toEqual(before);
});

test('is edited, given another secret, tested, and deleted', async () => {
  const { path, secret } = await made();
  expect((await ada.get(`${path}/edit`)).text).toContain(FIELDS.url);
  await send(`${path}/edit`, { ...FIELDS, name: 'Other', url: 'https://elsewhere.example/' }).expect(303);
  expect(await lastAct()).toMatchObject({
    action: 'webhook.update',
    changes: {
      name: { before: 'Mirror', after: 'Other' },
      url: { before: 'hook.example', after: 'elsewhere.example' },
    },
  });
  await send(`${path}/secret`).expect(303);
  const { text } = await ada.get(path);
  const [, newer] = /readonly value="(whsec_[^"]+)"/.exec(text) ?? [];
  expect(newer).toMatch(/^whsec_/);
  expect(newer).not.toBe(secret);

  await send(`${path}/delete`).expect(422);
  await send(`${path}/delete`, { sure: '1' }).expect(303);
  await ada.get(path).expect(404);
  expect(await lastAct()).toMatchObject({ action: 'webhook.delete', subject_label: 'Other' });
});

test('its page lists what was sent and answered, as text, a page at a time, and sends it again', async () => {
  const { path } = await made();
  const id = path.split('/').at(-1);
  const row = {
    webhook_id: id,
    event_id: 'evt_1',
    type: 'episode.published',
    body: JSON.stringify({ title: '<script>alert(1)</script>' }),
    state: 'failed',
    next_at: null,
    attempts: 10,
    status: 500,
    took_ms: 84,
    problem: 'It answers 500.',
    answer: '<script>alert(2)</script>',
  };
  await site.database.db('webhook_deliveries').insert(Array.from({ length: 51 }, () => row));
  const { text } = await ada.get(path).expect(200);
  expect(text).toContain('It answers 500.');
  expect(text).toContain('500 after 84 ms');
  expect(text).not.toContain('<script>alert');
  expect(text).toContain('&lt;script&gt;alert(2)');
  const [, older = ''] = /href="([^"]+)" rel="next"/.exec(text) ?? [];
  expect((await ada.get(older)).text.match(/class="journal-act"/g)).toHaveLength(1);
  const [, again = ''] = /action="([^"]+\/again)"/.exec(text) ?? [];
  await send(again).expect(303);
  const waiting = await site.database.db('webhook_deliveries').where({ state: 'waiting' });
  expect(waiting).toMatchObject([{ event_id: 'evt_1', attempts: 0 }]);
  const { rows: jobs } = await site.database.db.raw('select key from graphile_worker.jobs');
  expect(jobs).toEqual([{ key: `webhook:${id}` }]);
});

test('one that the site has switched off says why, and sends nothing until it is switched on again', async () => {
  const { path } = await made();
  await site.database
    .db('webhooks')
    .where({ id: path.split('/').at(-1) })
    .update({ enabled: false, stopped_for: 'Its target says that it is gone (410).' });
  const why = 'Switched off by nipnime: Its target says that it is gone (410).';
  expect((await ada.get('/admin/webhooks')).text).toContain(why);
  expect((await ada.get(path)).text).not.toContain('Send a test');
  expect((await ada.get('/admin/today')).text).toContain('1 webhook was switched off');
  await send(`${path}/test`).expect(303);
  expect((await ada.get(path)).text).toContain('Nothing was sent: the webhook is switched off.');
  await send(`${path}/edit`, FIELDS).expect(303);
  expect((await ada.get(path)).text).not.toContain(why);
});

test('docs/webhooks.md shows how to check a signature', async () => {
  const document = readFileSync(join(projectRoot(), 'docs', 'webhooks.md'), 'utf8');
  const [, code = ''] = /```js\n([\s\S]+?)```/.exec(document) ?? [];
  const isFromNipnime = new Function(
    'createHmac',
    'timingSafeEqual',
    `${code.replace(/^import .*$/m, '').replace('export ', '')} return isFromNipnime;`,
  )((await import('node:crypto')).createHmac, (await import('node:crypto')).timingSafeEqual);
  const [secret, former] = [newSecret(), newSecret()];
  const body = '{"title":"葬送のフリーレン"}';
  const now = new Date();
  const headers = signedHeaders({ id: 'evt_1', body }, [secret, former], now);
  expect(isFromNipnime(headers, body, secret)).toBe(true);
  expect(isFromNipnime(headers, body, former)).toBe(true);
  expect(isFromNipnime(headers, body, newSecret())).toBe(false);
  expect(isFromNipnime(headers, `${body} `, secret)).toBe(false);
  expect(isFromNipnime({ ...headers, 'webhook-id': 'evt_2' }, body, secret)).toBe(false);
  expect(isFromNipnime(headers, body, secret, now.getTime() + 400_000)).toBe(false);
  expect(isFromNipnime({}, body, secret)).toBe(false);
});

test('a signature is that of the specification', () => {
  // The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    new Date(1_614_265_330_000),
  );
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
