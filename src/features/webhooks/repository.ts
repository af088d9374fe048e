import { changesBetween } from '../../journal/changes';
import { recordAudit } from '../../journal/journal';
import { type Database, inWrite, type Transaction } from '../../platform/database';
import type { SealedTexts } from '../../platform/sealed-text';
import { type EpisodeKind, shortestNumber } from '../episodes/fields';
import type { Actor } from '../episodes/write';
import type { SeriesKind } from '../series/fields';
import { type EventType, isEventType } from './events';
import { newSecret } from './signature';

export const FORMATS = ['json', 'discord'] as const;
export type Format = (typeof FORMATS)[number];

/** What an admin says of a webhook. */
export type WebhookInput = {
  readonly name: string;
  /** Of Discord and some others it is a secret in itself. */
  readonly url: string;
  readonly format: Format;
  readonly events: readonly EventType[];
  readonly enabled: boolean;
};

export type Webhook = WebhookInput & {
  readonly id: string;
  /** Why the site itself has switched it off, as a sentence. */
  readonly stoppedFor: string | null;
  readonly createdAt: Date;
  /** What was done before is not told. */
  readonly listensFrom: Date;
  readonly failingSince: Date | null;
  readonly pausedUntil: Date | null;
};

const COLUMNS = [
  'id',
  'name',
  'url',
  'format',
  'events',
  'enabled',
  'stopped_for',
  'created_at',
  'listens_from',
  'failing_since',
  'paused_until',
] as const;

type WebhookRow = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly format: Format;
  readonly events: readonly string[];
  readonly enabled: boolean;
  readonly stopped_for: string | null;
  readonly created_at: Date;
  readonly listens_from: Date;
  readonly failing_since: Date | null;
  readonly paused_until: Date | null;
};

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    format: row.format,
    // Another version may know more of them.
    events: row.events.filter(isEventType),
    enabled: row.enabled,
    stoppedFor: row.stopped_for,
    createdAt: row.created_at,
    listensFrom: row.listens_from,
    failingSince: row.failing_since,
    pausedUntil: row.paused_until,
  };
}

/** Each of them is told of every act that it wants: more would be a mailing list. */
export const MAX_WEBHOOKS = 50;

/** All of them, in the order of their names. */
export async function listWebhooks(db: Database | Transaction): Promise<readonly Webhook[]> {
  const rows: WebhookRow[] = await db('webhooks').select(COLUMNS).orderBy(['name', 'id']).limit(MAX_WEBHOOKS);
  return rows.map(toWebhook);
}

export async function findWebhook(db: Database | Transaction, id: string): Promise<Webhook | undefined> {
  const row: WebhookRow | undefined = await db('webhooks').select(COLUMNS).where({ id }).first();
  return row && toWebhook(row);
}

/** The secret goes no further than to whoever has made the webhook. Undefined where there are as many as there may be. */
export async function createWebhook(
  db: Database,
  actor: Actor,
  input: WebhookInput,
  secrets: SealedTexts,
): Promise<{ readonly webhook: Webhook; readonly secret: string } | undefined> {
  return inWrite(db, async (trx) => {
    if ((await listWebhooks(trx)).length >= MAX_WEBHOOKS) return undefined;
    const [row]: WebhookRow[] = await trx('webhooks')
      .insert({ ...input, events: [...input.events], secret: Buffer.alloc(0) })
      .returning(COLUMNS);
    if (!row) throw new Error('A webhook is gone from the transaction that made it.');
    const secret = newSecret();
    await trx('webhooks')
      .where({ id: row.id })
      .update({ secret: secrets.seal(row.id, secret) });
    const webhook = toWebhook(row);
    await recordAct(trx, actor, 'webhook.create', webhook, changesBetween(undefined, factsOf(webhook)));
    return { webhook, secret };
  });
}

/** Undefined where there is none any more. One that is switched on again is told of what is done from now on. */
export async function updateWebhook(
  db: Database,
  actor: Actor,
  id: string,
  input: WebhookInput,
): Promise<Webhook | undefined> {
  return inWrite(db, async (trx) => {
    const before = await lockWebhook(trx, id);
    if (!before) return undefined;
    const isElsewhere = before.url !== input.url;
    const isBack = input.enabled && !before.enabled;
    const [row]: WebhookRow[] = await trx('webhooks')
      .where({ id })
      .update({
        ...input,
        events: [...input.events],
        ...(isBack && { listens_from: trx.fn.now(3) }),
        ...((isBack || isElsewhere) && { stopped_for: null, failing_since: null, paused_until: null }),
      })
      .returning(COLUMNS);
    if (!row) throw new Error('A webhook is gone from the transaction that locked it.');
    if (!input.enabled) await giveUpWaiting(trx, id);
    const after = toWebhook(row);
    const changes = changesBetween(factsOf(before), factsOf(after));
    if (isElsewhere || Object.keys(changes).length > 0)
      await recordAct(trx, actor, 'webhook.update', after, {
        ...changes,
        ...(isElsewhere && { url: { before: hostOf(before.url), after: hostOf(after.url) } }),
      });
    return after;
  });
}

/** The former secret is good for so long, in which the target can be given the new one. */
export const FORMER_SECRET_HOURS = 24;

/** Gives it another secret, which goes no further than to whoever asked. Undefined where there is none any more. */
export async function rotateSecret(
  db: Database,
  actor: Actor,
  id: string,
  secrets: SealedTexts,
): Promise<string | undefined> {
  return inWrite(db, async (trx) => {
    const webhook = await lockWebhook(trx, id);
    if (!webhook) return undefined;
    const secret = newSecret();
    await trx('webhooks')
      .where({ id })
      .update({
        former_secret: trx.ref('secret'),
        former_secret_until: trx.raw(`now() + ? * interval '1 hour'`, [FORMER_SECRET_HOURS]),
        secret: secrets.seal(id, secret),
      });
    await recordAct(trx, actor, 'webhook.secret', webhook);
    return secret;
  });
}

/** With all that is known of its deliveries. Undefined where there is none any more. */
export async function deleteWebhook(db: Database, actor: Actor, id: string): Promise<Webhook | undefined> {
  return inWrite(db, async (trx) => {
    const webhook = await lockWebhook(trx, id);
    if (!webhook) return undefined;
    await trx('webhooks').where({ id }).delete();
    await recordAct(trx, actor, 'webhook.delete', webhook, changesBetween(factsOf(webhook), undefined));
    return webhook;
  });
}

/** Switches it off, since it is of no use. @param why a sentence */
export async function stopWebhook(
  trx: Transaction,
  actor: Actor,
  webhook: Webhook,
  why: string,
): Promise<void> {
  const stopped = await trx('webhooks')
    .where({ id: webhook.id, enabled: true })
    .update({ enabled: false, stopped_for: why });
  if (stopped === 0) return;
  await giveUpWaiting(trx, webhook.id);
  await recordAct(trx, actor, 'webhook.stop', webhook, {
    enabled: { before: true, after: false },
  });
}

/** What one that is switched off has not delivered is not sent by itself when it is switched on again. */
async function giveUpWaiting(trx: Transaction, webhookId: string): Promise<void> {
  await trx('webhook_deliveries').where({ webhook_id: webhookId, state: 'waiting' }).update({
    state: 'failed',
    next_at: null,
    problem: 'The webhook was switched off before it was delivered.',
  });
}

/** Its former secret is among them while that is good; those that can't be opened are left out: the site has another secret by now. */
export async function readSecrets(
  db: Database,
  id: string,
  secrets: SealedTexts,
): Promise<readonly string[]> {
  const row: { readonly secret: Buffer; readonly former: Buffer | null } | undefined = await db('webhooks')
    .select('secret', db.raw('case when former_secret_until > now() then former_secret end as former'))
    .where({ id })
    .first();
  return [row?.secret, row?.former].flatMap((sealed) => (sealed ? (secrets.open(id, sealed) ?? []) : []));
}

/** How many the site has switched off, and how many of those that are on have failed since so long ago. */
export async function countFailingWebhooks(
  db: Database,
): Promise<{ readonly stopped: number; readonly failing: number }> {
  const { rows } = await db.raw<{ rows: { stopped: number; failing: number }[] }>(
    `select count(*) filter (where not enabled and stopped_for is not null)::integer as stopped,
            count(*) filter (where enabled and failing_since < now() - interval '1 hour')::integer as failing
     from webhooks`,
  );
  return rows[0] ?? { stopped: 0, failing: 0 };
}

async function lockWebhook(trx: Transaction, id: string): Promise<Webhook | undefined> {
  const row: WebhookRow | undefined = await trx('webhooks').select(COLUMNS).where({ id }).forUpdate().first();
  return row && toWebhook(row);
}

async function recordAct(
  trx: Transaction,
  actor: Actor,
  action: string,
  { id, name }: Webhook,
  changes: ReturnType<typeof changesBetween> = {},
): Promise<void> {
  await recordAudit(trx, {
    actor,
    action,
    subjectKind: 'webhook',
    subjectId: id,
    subjectLabel: name,
    changes,
  });
}

/** What the journal says of it. */
function factsOf({ name, url, format, events, enabled }: Webhook) {
  return { name, url: hostOf(url), format, events, enabled };
}

/** What of an address is no secret. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

/** An episode, public or not, by what it is called in the addresses of the site. */
export type NamedEpisode = {
  readonly id: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly series: { readonly id: string; readonly slug: string };
};

export async function findNamedEpisodes(
  trx: Transaction,
  ids: readonly string[],
): Promise<readonly NamedEpisode[]> {
  if (ids.length === 0) return [];
  const rows: {
    readonly id: string;
    readonly kind: EpisodeKind;
    readonly number: string;
    readonly series_id: string;
    readonly slug: string;
  }[] = await trx('episodes as e')
    .join('series as s', 's.id', 'e.series_id')
    .select('e.id', 'e.kind', 'e.number', 'e.series_id', 's.slug')
    .whereRaw('e.id = any(?)', [[...ids]]);
  return rows.map(({ id, kind, number, series_id, slug }) => ({
    id,
    kind,
    number: shortestNumber(number),
    series: { id: series_id, slug },
  }));
}

export type NamedSeries = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  /** BCP 47 */
  readonly titleLanguage: string;
  readonly kind: SeriesKind;
  readonly visible: boolean;
};

export async function findNamedSeries(
  trx: Transaction,
  ids: readonly string[],
): Promise<readonly NamedSeries[]> {
  if (ids.length === 0) return [];
  return trx('series')
    .select<NamedSeries[]>('id', 'slug', 'title', 'title_language as titleLanguage', 'kind', 'visible')
    .whereRaw('id = any(?)', [[...ids]]);
}
