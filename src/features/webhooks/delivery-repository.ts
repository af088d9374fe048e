import { type Database, inWrite, type Transaction } from '../../platform/database';
import { addJob } from '../../platform/jobs';
import type { Webhook } from './repository';

/** A message to the target of a webhook, and what became of it. */
export type Delivery = {
  readonly id: string;
  /** The same at each try, so that the target can tell what it has already. */
  readonly eventId: string;
  readonly type: string;
  readonly body: string;
  readonly createdAt: Date;
  readonly state: 'waiting' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly nextAt: Date | null;
  readonly triedAt: Date | null;
  readonly status: number | null;
  readonly tookMs: number | null;
  /** How the answer began. */
  readonly answer: string | null;
  /** What was wrong, as a sentence. */
  readonly problem: string | null;
};

const COLUMNS = [
  'id',
  'event_id as eventId',
  'type',
  'body',
  'created_at as createdAt',
  'state',
  'attempts',
  'next_at as nextAt',
  'tried_at as triedAt',
  'status',
  'took_ms as tookMs',
  'answer',
  'problem',
] as const;

/** The job that delivers what a webhook has to deliver. */
export const DELIVER_JOB = 'deliver-webhook';
/** Of the job alone, where the database fails: what a target refuses is tried again by a job of its own. */
const JOB_ATTEMPTS = 12;

/** Asks for the job of a webhook. One that waits already is not put off, and none comes before the target wants to be asked. */
async function askForDelivery(trx: Transaction, webhookId: string, at?: Date): Promise<void> {
  await addJob(
    trx,
    DELIVER_JOB,
    { webhookId },
    { maxAttempts: JOB_ATTEMPTS, key: `webhook:${webhookId}`, ...(at && { at }) },
  );
}

/** Adds messages for a webhook, which are sent as soon as this commits. Returns their ids. */
export async function addDeliveries(
  trx: Transaction,
  { id, pausedUntil }: Pick<Webhook, 'id' | 'pausedUntil'>,
  messages: readonly { readonly eventId: string; readonly type: string; readonly body: string }[],
): Promise<readonly string[]> {
  if (messages.length === 0) return [];
  const rows: { readonly id: string }[] = await trx('webhook_deliveries')
    .insert(messages.map(({ eventId, type, body }) => ({ webhook_id: id, event_id: eventId, type, body })))
    .returning('id');
  await askForDelivery(trx, id, pausedUntil ?? undefined);
  return rows.map((row) => row.id);
}

export async function findDelivery(
  db: Database,
  webhookId: string,
  id: string,
): Promise<Delivery | undefined> {
  return db('webhook_deliveries').select<Delivery>(COLUMNS).where({ id, webhook_id: webhookId }).first();
}

/** Newest first. @param after continues after the delivery with this id */
export async function listDeliveries(
  db: Database,
  webhookId: string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly Delivery[]> {
  return db('webhook_deliveries')
    .select<Delivery[]>(COLUMNS)
    .where({ webhook_id: webhookId })
    .modify((query) => {
      if (after !== undefined) query.where('id', '<', after);
    })
    .orderBy('id', 'desc')
    .limit(limit);
}

/** Sends a message once more, at once, with the id that it has. False where there is none, or it is just being sent. */
export async function redeliver(db: Database, webhookId: string, id: string): Promise<boolean> {
  return inWrite(db, async (trx) => {
    const count = await trx('webhook_deliveries')
      .where({ id, webhook_id: webhookId })
      .whereRaw('(claimed_until is null or claimed_until < now())')
      .update({ state: 'waiting', next_at: trx.fn.now(3), attempts: 0 });
    // Whoever asks for it wants to see now what comes of it.
    await trx('webhooks').where({ id: webhookId }).update({ paused_until: null });
    if (count > 0) await askForDelivery(trx, webhookId);
    return count > 0;
  });
}

/** The next message that a webhook has to send, if its time has come. Nobody else takes it for `claimMs`. */
export async function claimDelivery(
  db: Database,
  webhookId: string,
  claimMs: number,
): Promise<Delivery | undefined> {
  const rows: Delivery[] = await db('webhook_deliveries')
    .where(
      'id',
      db('webhook_deliveries')
        .select('id')
        .where({ webhook_id: webhookId, state: 'waiting' })
        .where('next_at', '<=', db.fn.now())
        .whereRaw('(claimed_until is null or claimed_until < now())')
        .orderBy(['next_at', 'id'])
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .update({ claimed_until: db.raw(`now() + ? * interval '1 millisecond'`, [claimMs]) })
    .returning(COLUMNS);
  return rows[0];
}

/** Gives a message back that was not sent after all. */
export async function unclaim(db: Database, id: string): Promise<void> {
  await db('webhook_deliveries').where({ id }).update({ claimed_until: null });
}

/** What came of a try. */
export type Tried = {
  readonly state: Delivery['state'];
  readonly nextAt: Date | null;
  readonly status: number | null;
  readonly tookMs: number | null;
  readonly answer: string | null;
  readonly problem: string | null;
};

export async function noteTry(trx: Transaction, id: string, tried: Tried): Promise<void> {
  await trx('webhook_deliveries')
    .where({ id })
    .update({
      state: tried.state,
      next_at: tried.nextAt,
      claimed_until: null,
      attempts: trx.raw('attempts + 1'),
      tried_at: trx.fn.now(3),
      status: tried.status,
      took_ms: tried.tookMs,
      answer: tried.answer,
      problem: tried.problem,
    });
}

/** How the target of a webhook does. @param pausedUntil it is not asked before */
export async function noteTarget(
  trx: Transaction,
  id: string,
  { hasFailed, pausedUntil }: { readonly hasFailed: boolean; readonly pausedUntil: Date | null },
): Promise<void> {
  await trx('webhooks')
    .where({ id })
    .update({
      failing_since: hasFailed ? trx.raw('coalesce(failing_since, now())') : null,
      paused_until: pausedUntil,
    });
}

/** Asks for the job again for when the next message has to be sent, if there is one. */
export async function askForNext(trx: Transaction, webhookId: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { at: Date | null }[] }>(
    `select greatest(
       (select min(next_at) from webhook_deliveries where webhook_id = w.id and state = 'waiting'), w.paused_until) as at
     from webhooks w
     where w.id = ? and w.enabled
       and exists (select 1 from webhook_deliveries where webhook_id = w.id and state = 'waiting')`,
    [webhookId],
  );
  const at = rows[0]?.at;
  if (at) await askForDelivery(trx, webhookId, at);
}

/** A node that has died with a message in its hands can't ask for the next one. Returns for how many webhooks a job was asked. */
export async function askForForgotten(db: Database): Promise<number> {
  return inWrite(db, async (trx) => {
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `select id from webhooks w
       where enabled and (paused_until is null or paused_until < now() - interval '1 minute')
         and exists (
           select 1 from webhook_deliveries
           where webhook_id = w.id and state = 'waiting' and next_at < now() - interval '1 minute'
             and (claimed_until is null or claimed_until < now()))
       order by id limit 100`,
    );
    for (const { id } of rows) await askForDelivery(trx, id);
    return rows.length;
  });
}

const KEPT_DAYS = 30;
const PRUNED_AT_ONCE = 2_000;

/** Forgets what was delivered, or was not, for so long. A part at a time, so that no statement is long. */
export async function pruneDeliveries(db: Database): Promise<number> {
  let pruned = 0;
  for (;;) {
    const count = await db('webhook_deliveries')
      .whereIn(
        'id',
        db('webhook_deliveries')
          .select('id')
          .where('created_at', '<', db.raw(`now() - ? * interval '1 day'`, [KEPT_DAYS]))
          .orderBy('created_at')
          .limit(PRUNED_AT_ONCE),
      )
      .delete();
    pruned += count;
    if (count < PRUNED_AT_ONCE) return pruned;
  }
}
