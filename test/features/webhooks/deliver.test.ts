import { createHmac } from 'node:crypto';
import { deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import type { WriteContext } from '../../../src/features/episodes/write';
import { updateSeries } from '../../../src/features/series/repository';
import { createDeliverer } from '../../../src/features/webhooks/deliver';
import {
  askForForgotten,
  DELIVER_JOB,
  listDeliveries,
  pruneDeliveries,
  redeliver,
} from '../../../src/features/webhooks/delivery-repository';
import { EVENT_TYPES } from '../../../src/features/webhooks/events';
import {
  createWebhook,
  findWebhook,
  rotateSecret,
  updateWebhook,
  type WebhookInput,
} from '../../../src/features/webhooks/repository';
import { tellWebhooks, WEBHOOKS_READER } from '../../../src/features/webhooks/tell';
import { followJournal } from '../../../src/journal/follow';
import { recordAudit } from '../../../src/journal/journal';
import { addReader, advance, readJournal } from '../../../src/journal/readers';
import { startJobs } from '../../../src/platform/jobs';
import { createLogger } from '../../../src/platform/log';
import { SealedTexts } from '../../../src/platform/sealed-text';
import { newEpisode, newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { LOOPBACK, type Received, startHookTarget } from '../../support/hook-target';
import { keepLogLines } from '../../support/log-lines';
import { until } from '../../support/until';

const ORIGIN = 'https://anime.example';
const secrets = new SealedTexts('the secret of the site', 'test');
const log = createLogger('silent');

let database: TestDatabase;
let catalog: WriteContext;
let target: Awaited<ReturnType<typeof startHookTarget>>;
beforeAll(async () => {
  database = await createTestDatabase();
  catalog = { ...testCatalog(database.db), audit: recordAudit };
  await addReader(database.db, WEBHOOKS_READER);
});
afterAll(() => database.drop());
beforeEach(async () => {
  target = await startHookTarget();
  await database.db('webhooks').delete();
  await database.db.raw('delete from graphile_worker._private_jobs');
});
afterEach(() => target.close());

const PUBLIC_EVENTS = EVENT_TYPES.filter((type) => type !== 'act');

async function hook(overrides: Partial<WebhookInput> = {}) {
  const input: WebhookInput = {
    name: 'Mirror',
    url: target.url,
    format: 'json',
    events: PUBLIC_EVENTS,
    enabled: true,
    ...overrides,
  };
  const made = await createWebhook(database.db, tester, input, secrets);
  if (!made) throw new Error('The webhook was not made.');
  return { ...made, id: made.webhook.id, input };
}

/** What the reader does with what has happened up to now. */
async function tell(): Promise<void> {
  await database.db.transaction(async (trx) => {
    const entries = await readJournal(trx, WEBHOOKS_READER, 1_000);
    await tellWebhooks(trx, entries, ORIGIN);
    const last = entries.at(-1);
    if (last) await advance(trx, WEBHOOKS_READER, last);
  });
}

const outcomes: string[] = [];
const deliver = (webhookId: string, run = newDeliverer()) =>
  run({ webhookId }, { signal: new AbortController().signal });

function newDeliverer(logger = log) {
  return createDeliverer({
    db: database.db,
    secrets,
    log: logger,
    observe: (outcome) => outcomes.push(outcome),
    network: LOOPBACK,
  });
}

const deliveries = (webhookId: string) => listDeliveries(database.db, webhookId, { limit: 100 });

/** The types that a webhook was told of since the last look, in order. */
async function types(webhookId: string): Promise<string[]> {
  await tell();
  const all = await deliveries(webhookId);
  await database.db('webhook_deliveries').delete();
  return all.map(({ type }) => type).reverse();
}

const parsed = ({ body }: Received) => JSON.parse(body);

test('what becomes public is told within a second or two, by the jobs of a node, signed', async () => {
  const { id, secret } = await hook();
  const stops = [
    startJobs(database.url, { [DELIVER_JOB]: { run: newDeliverer() } }, log),
    followJournal(
      database.db,
      WEBHOOKS_READER,
      (trx, entries) => tellWebhooks(trx, entries, ORIGIN),
      (error) => {
        throw error;
      },
    ),
  ];
  try {
    const series = await newSeries(catalog, { title: '葬送のフリーレン', slug: 'sousou-no-furiren' });
    await until(() => target.received.length === 1);
    const startedMs = performance.now();
    const episode = await newEpisode(catalog, series.id, { number: '12', title: '“Ein & Zwei”' });
    await until(() => target.received.length === 2);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    const [, message] = target.received;
    if (!message) throw new Error('Nothing came.');
    expect(parsed(message)).toEqual({
      type: 'episode.published',
      timestamp: expect.stringMatching(/^\d{4}-.+Z$/),
      data: {
        episode: {
          id: episode.id,
          kind: 'regular',
          number: '12',
          title: '“Ein & Zwei”',
          durationSeconds: null,
          publishedAt: episode.publishedAt?.toISOString(),
          audioLanguages: [],
          subtitleLanguages: [],
          url: `${ORIGIN}/series/sousou-no-furiren/episodes/12`,
        },
        series: {
          id: series.id,
          slug: 'sousou-no-furiren',
          title: '葬送のフリーレン',
          titleLanguage: 'ja',
          kind: 'tv',
          url: `${ORIGIN}/series/sousou-no-furiren`,
        },
        isFirst: true,
      },
    });
    const { 'webhook-id': eventId, 'webhook-timestamp': timestamp } = message.headers;
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(5);
    const expected = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
      .update(`${eventId}.${timestamp}.${message.body}`)
      .digest('base64');
    expect(message.headers['webhook-signature']).toBe(`v1,${expected}`);
    await until(async () => (await deliveries(id)).every(({ state }) => state === 'delivered'));
    const [last] = await deliveries(id);
    expect(last).toMatchObject({ status: 204, attempts: 1, problem: null, nextAt: null });
    expect(last?.eventId).toBe(eventId);
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
});

describe('what is told', () => {
  test('is what anybody can see, and when that begins or ends; of a draft nothing is', async () => {
    const { id } = await hook();
    const series = await newSeries(catalog);
    expect(await types(id)).toEqual(['series.published']);
    const draft = await newEpisode(catalog, series.id, { status: 'draft' });
    const edit = (change: object) =>
      updateEpisode(catalog, tester, draft.id, ({ seriesId: _seriesId, ...current }) => ({
        ...current,
        videoServers: [...current.videoServers],
        ...change,
      }));
    await edit({ title: 'Still a draft' });
    expect(await types(id)).toEqual([]);
    await edit({ status: 'published' });
    expect(await types(id)).toEqual(['episode.published']);
    await edit({ title: 'Public' });
    expect(await types(id)).toEqual(['episode.changed']);
    await edit({ videoServers: [] });
    expect(await types(id)).toEqual(['episode.hidden']);
    await edit({ title: 'Nobody sees it' });
    expect(await types(id)).toEqual([]);
    await edit({ videoServers: [{ ...draft.videoServers[0], id: undefined }] });
    await tell();
    const [again] = await deliveries(id);
    expect(JSON.parse(again?.body ?? '').data.isFirst).toBe(false);
    expect(await types(id)).toEqual(['episode.published']);
    await deleteEpisode(catalog, tester, draft.id);
    expect(await types(id)).toEqual(['episode.deleted']);
  });

  test('of a series is that alone: its episodes are hidden and shown with it, but those that nobody saw before are news', async () => {
    const { id } = await hook();
    const series = await newSeries(catalog, { visible: false });
    await newEpisode(catalog, series.id, { number: '1' });
    expect(await types(id)).toEqual([]);
    const show = (visible: boolean, title = 'Frieren') =>
      updateSeries(catalog, tester, series.id, (current) => ({ ...current, visible, title }));
    await show(true);
    expect(await types(id)).toEqual(['series.published', 'episode.published']);
    await show(true, 'Frieren again');
    expect(await types(id)).toEqual(['series.changed']);
    await show(false);
    expect(await types(id)).toEqual(['series.hidden']);
    await show(true);
    expect(await types(id)).toEqual(['series.published']);
  });

  test('is true when it is told: what was hidden again meanwhile is not', async () => {
    const { id } = await hook();
    const series = await newSeries(catalog, { title: 'A secret title', slug: 'shown-for-a-moment' });
    await newEpisode(catalog, series.id, { title: 'A secret' });
    await updateSeries(catalog, tester, series.id, (current) => ({
      ...current,
      slug: 'a-secret-slug',
      visible: false,
    }));
    await tell();
    const all = await deliveries(id);
    expect(all.map(({ type }) => type)).toEqual(['series.hidden']);
    expect(JSON.stringify(all)).not.toMatch(/secret/);
  });

  test('is everything only to whom that was promised: who did it, and the draft', async () => {
    const { id } = await hook({ events: ['act'] });
    const { id: other } = await hook({ events: ['episode.published'] });
    const series = await newSeries(catalog, { visible: false });
    await newEpisode(catalog, series.id, { status: 'draft', title: 'Only a draft' });
    await recordAudit(database.db, {
      actor: { ...tester, address: '203.0.113.7' },
      action: 'login.success',
      subjectKind: 'admin',
      subjectId: '1',
    });
    await tell();
    const bodies = (await deliveries(id)).map(({ body }) => JSON.parse(body).data).reverse();
    expect(bodies).toMatchObject([
      { action: 'series.create', actor: { kind: 'system', name: 'test' }, subject: { kind: 'series' } },
      { action: 'episode.create', changes: { title: { after: 'Only a draft' } } },
    ]);
    expect(await deliveries(other)).toEqual([]);
  });

  test('begins when a webhook is made, or switched on again', async () => {
    const { id, input } = await hook();
    const series = await newSeries(catalog);
    await updateWebhook(database.db, tester, id, { ...input, enabled: false });
    expect(await types(id)).toEqual([]);
    await newEpisode(catalog, series.id);
    await updateWebhook(database.db, tester, id, { ...input, enabled: true });
    await newEpisode(catalog, series.id, { number: '2' });
    await tell();
    const [only, ...others] = await deliveries(id);
    expect(JSON.parse(only?.body ?? '').data.episode.number).toBe('2');
    expect(others).toEqual([]);
  });

  test('to Discord is what it shows: a title without Markdown, nobody called, no signature', async () => {
    const { id } = await hook({ format: 'discord' });
    const series = await newSeries(catalog, { title: '*Re:* _Zero_ @everyone' });
    await newEpisode(catalog, series.id, { number: '1' });
    // Of an archive nobody is told episode by episode.
    const old = await newEpisode(catalog, series.id, { number: '2' });
    await database.db('episodes').where({ id: old.id }).update({ published_at: '2020-01-01T00:00:00Z' });
    await tell();
    expect(await deliveries(id)).toHaveLength(2);
    await deliver(id);
    const [, message] = target.received;
    expect(message && parsed(message)).toMatchObject({
      embeds: [
        {
          title: '\\*Re:\\* \\_Zero\\_ @everyone – Episode 1',
          description: 'Is here.',
          url: `${ORIGIN}/series/${series.slug}/episodes/1`,
        },
      ],
      allowed_mentions: { parse: [] },
    });
    expect(message?.headers['webhook-signature']).toBeUndefined();
  });
});

describe('a delivery', () => {
  /** One message that waits for the webhook. */
  async function waiting(overrides: Partial<WebhookInput> = {}) {
    const made = await hook({ events: ['series.published'], ...overrides });
    await newSeries(catalog);
    await tell();
    return made;
  }
  const makeDue = () =>
    database
      .db('webhook_deliveries')
      .where({ state: 'waiting' })
      .update({ next_at: new Date(0) });
  const goOn = () => database.db('webhooks').update({ paused_until: null });

  test('that is refused is tried again later, with the same id, and says what was answered', async () => {
    const { id } = await waiting();
    target.answerWith(() => ({ status: 500, body: '<b>Out of\u0000 order</b>' }));
    const lines = keepLogLines();
    await deliver(id, newDeliverer(createLogger('debug', lines.destination)));
    const [failed] = await deliveries(id);
    expect(failed).toMatchObject({
      state: 'waiting',
      attempts: 1,
      status: 500,
      problem: 'It answers 500.',
      answer: '<b>Out of  order</b>',
    });
    const inMs = (failed?.nextAt?.getTime() ?? 0) - Date.now();
    expect(inMs).toBeGreaterThan(3_000);
    expect(inMs).toBeLessThan(7_000);
    expect(lines.messages(30)).toEqual(['A webhook was not delivered']);
    // The address may be a secret.
    expect(JSON.stringify(lines)).not.toContain('undisclosed');
    const { rows: jobs } = await database.db.raw('select run_at > now() as later from graphile_worker.jobs');
    expect(jobs).toEqual([{ later: true }]);

    target.answerWith(() => ({ status: 200 }));
    await makeDue();
    await deliver(id);
    expect((await deliveries(id))[0]).toMatchObject({ state: 'delivered', attempts: 2, problem: null });
    expect(new Set(target.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await findWebhook(database.db, id)).toMatchObject({ failingSince: null, pausedUntil: null });
  });

  test('is given up after the tenth try, and can be sent again by hand', async () => {
    const { id } = await waiting();
    target.answerWith(() => ({ status: 404 }));
    for (let count = 0; count < 12; count++) {
      await makeDue();
      await deliver(id);
    }
    const [failed] = await deliveries(id);
    expect(failed).toMatchObject({ state: 'failed', attempts: 10, nextAt: null });
    expect(target.received).toHaveLength(10);
    target.answerWith(() => ({ status: 204 }));
    expect(await redeliver(database.db, id, failed?.id ?? '')).toBe(true);
    await deliver(id);
    expect((await deliveries(id))[0]).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(await redeliver(database.db, id, '999999')).toBe(false);
  });

  test('does not follow a redirect', async () => {
    const { id } = await waiting();
    target.answerWith(() => ({ status: 302, headers: { location: 'http://169.254.169.254/' } }));
    await deliver(id);
    expect((await deliveries(id))[0]?.problem).toBe('It answers 302: a redirect, which is not followed.');
    expect(target.received).toHaveLength(1);
  });

  test('never leaves for a private address', async () => {
    const { id } = await waiting();
    const guarded = createDeliverer({ db: database.db, secrets, log, observe: () => undefined });
    await database.db('webhooks').update({ url: 'http://localhost:8080/' });
    await deliver(id, guarded);
    expect((await deliveries(id))[0]).toMatchObject({ status: null, answer: null, state: 'waiting' });
    expect(target.received).toHaveLength(0);
  });

  test('waits as long as the target asks for, and so do the others', async () => {
    const { id } = await waiting();
    await newSeries(catalog);
    await tell();
    target.answerWith(() => ({ status: 429, headers: { 'retry-after': '120' } }));
    await deliver(id);
    expect(target.received).toHaveLength(1);
    const untilMs = (await findWebhook(database.db, id))?.pausedUntil?.getTime() ?? 0;
    expect(untilMs - Date.now()).toBeGreaterThan(110_000);
    await deliver(id);
    expect(target.received).toHaveLength(1);
    await goOn();
    target.answerWith(() => ({ status: 204 }));
    await deliver(id);
    expect(target.received).toHaveLength(2);
  });

  test('to a target that is away holds the others back; one that it only does not like does not', async () => {
    const { id } = await waiting();
    await newSeries(catalog);
    await tell();
    target.answerWith(({ body }) => ({ status: target.received[0]?.body === body ? 400 : 204 }));
    await deliver(id);
    expect((await deliveries(id)).map(({ state }) => state)).toEqual(['delivered', 'waiting']);

    await newSeries(catalog);
    await newSeries(catalog);
    await tell();
    target.close();
    await deliver(id);
    expect((await deliveries(id)).map(({ attempts }) => attempts)).toEqual([0, 1, 1, 1]);
  });

  test.each([
    [410, 0, 'Its target says that it is gone (410).'],
    [500, 6, 'Nothing was delivered for five days.'],
  ])(
    'answered %d after %d days of failures switches the webhook off, and the journal says so',
    async (status, days, why) => {
      const { id } = await waiting();
      await database.db('webhooks').update({ failing_since: new Date(Date.now() - days * 86_400_000) });
      target.answerWith(() => ({ status }));
      await deliver(id);
      expect(await findWebhook(database.db, id)).toMatchObject({ enabled: false, stoppedFor: why });
      expect((await deliveries(id))[0]?.state).toBe('failed');
      const act = await database.db('journal').where({ action: 'webhook.stop', subject_id: id }).first();
      expect(act).toMatchObject({ actor_kind: 'system', subject_label: 'Mirror' });
    },
  );

  test('is signed with the former secret too, for a day after there is another one', async () => {
    const { id, secret } = await waiting();
    const newer = await rotateSecret(database.db, tester, id, secrets);
    await deliver(id);
    const [message] = target.received;
    const { 'webhook-id': eventId, 'webhook-timestamp': timestamp } = message?.headers ?? {};
    const by = (key = '') =>
      `v1,${createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
        .update(`${eventId}.${timestamp}.${message?.body}`)
        .digest('base64')}`;
    expect(message?.headers['webhook-signature']).toBe(`${by(newer)} ${by(secret)}`);
    const kept: unknown = await Promise.all(
      ['webhooks', 'webhook_deliveries', 'journal'].map((table) => database.db(table).select()),
    );
    expect(JSON.stringify(kept)).not.toContain(secret);
    expect(JSON.stringify(kept)).not.toContain(newer);
  });

  test('to two jobs at once is one, and what comes meanwhile is sent by the one that is at it', async () => {
    const { id } = await waiting();
    const run = newDeliverer();
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    target.answerWith(async () => {
      await held;
      return { status: 204 };
    });
    const first = deliver(id, run);
    await until(() => target.received.length === 1);
    await newSeries(catalog);
    await tell();
    await deliver(id, run);
    expect(target.received).toHaveLength(1);
    finish();
    await first;
    expect(target.received).toHaveLength(2);
    expect((await deliveries(id)).every(({ state }) => state === 'delivered')).toBe(true);
  });

  test('of a node that has died is found, and done by another one', async () => {
    const { id } = await waiting();
    await database.db('webhook_deliveries').update({ next_at: new Date(0), claimed_until: new Date(0) });
    await database.db.raw('delete from graphile_worker._private_jobs');
    expect(await askForForgotten(database.db)).toBe(1);
    const { rows: jobs } = await database.db.raw('select key from graphile_worker.jobs');
    expect(jobs).toEqual([{ key: `webhook:${id}` }]);
  });

  test('is forgotten after 30 days', async () => {
    const { id } = await waiting();
    await newSeries(catalog);
    await tell();
    const [, older] = await deliveries(id);
    const old = new Date(Date.now() - 31 * 86_400_000);
    await database.db('webhook_deliveries').where({ id: older?.id }).update({ created_at: old });
    expect(await pruneDeliveries(database.db)).toBe(1);
    expect(await deliveries(id)).toHaveLength(1);
  });
});

test('the tables can be taken away again, with the reader, and made once more', async () => {
  const scratch = await createTestDatabase();
  try {
    await addReader(scratch.db, WEBHOOKS_READER);
    await scratch.db.migrate.down({ name: '0046_webhooks' });
    expect(await scratch.db('journal_readers').select('name')).toEqual([]);
    expect(await scratch.db.schema.hasTable('webhooks')).toBe(false);
    await scratch.db.migrate.up({ name: '0046_webhooks' });
    expect(await scratch.db('webhooks').select('id')).toEqual([]);
  } finally {
    await scratch.drop();
  }
});
