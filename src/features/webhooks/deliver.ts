import { z } from 'zod';
import type { Actor } from '../../journal/actor';
import { type Database, inWrite } from '../../platform/database';
import { type Attempt, TryAgain } from '../../platform/jobs';
import type { Logger } from '../../platform/log';
import { fetchPublic, type Network, type PublicAnswer } from '../../platform/public-fetch';
import type { SealedTexts } from '../../platform/sealed-text';
import { databaseId } from '../../web/input';
import {
  askForNext,
  claimDelivery,
  type Delivery,
  noteTarget,
  noteTry,
  unclaim,
} from './delivery-repository';
import { findWebhook, hostOf, readSecrets, stopWebhook, type Webhook } from './repository';
import { signedHeaders } from './signature';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After the first try, after the second one …: together two days and a half. */
const PAUSES_MS = [
  5_000,
  30_000,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  8 * HOUR_MS,
  16 * HOUR_MS,
  32 * HOUR_MS,
];
/** Messages are not all tried again in the same instant. */
const JITTER = 0.2;
/** A target that is away is asked again after a quarter of the time for which it has been, within these bounds. */
const MIN_TARGET_PAUSE_MS = 5_000;
const MAX_TARGET_PAUSE_MS = 15 * MINUTE_MS;
/** What a target asks for by `Retry-After` is heeded up to this. */
const MAX_RETRY_AFTER_MS = HOUR_MS;
/** Where nothing at all arrived for so long, nobody reads it. */
const STOP_AFTER_MS = 5 * 24 * HOUR_MS;

const TIMEOUT_MS = 10_000;
const CLAIM_MS = 60_000;
/** Then others have their turn. */
const TURN_MS = 20_000;
const MAX_ANSWER_BYTES = 2_000;
const MAX_ANSWER_LENGTH = 500;

const system: Actor = { kind: 'system', id: null, name: 'nipnime', via: 'scheduler' };

type DeliveryOutcome = 'delivered' | 'answered' | 'unreachable' | 'refused';

export type DelivererNeeds = {
  readonly db: Database;
  readonly secrets: SealedTexts;
  readonly log: Logger;
  readonly observe: (outcome: DeliveryOutcome) => void;
  /** For tests. */
  readonly network?: Network;
};

const payloadSchema = z.object({ webhookId: databaseId });

/**
 * Returns the job that sends what a webhook has to send, one after the other: a target that is slow takes one turn of this node, and
 * not those of the others.
 */
export function createDeliverer(needs: DelivererNeeds) {
  const busy = new Set<string>();
  const again = new Set<string>();
  return async (payload: unknown, { signal }: Pick<Attempt, 'signal'>): Promise<void> => {
    const { webhookId } = payloadSchema.parse(payload);
    if (busy.has(webhookId)) {
      again.add(webhookId);
      return;
    }
    busy.add(webhookId);
    try {
      do {
        again.delete(webhookId);
        await deliverAll(needs, webhookId, signal);
      } while (again.has(webhookId));
    } finally {
      busy.delete(webhookId);
    }
  };
}

async function deliverAll(needs: DelivererNeeds, webhookId: string, signal: AbortSignal): Promise<void> {
  const { db } = needs;
  const endMs = performance.now() + TURN_MS;
  while (performance.now() < endMs && !signal.aborted) {
    const webhook = await findWebhook(db, webhookId);
    if (!webhook?.enabled) return;
    if (webhook.pausedUntil && webhook.pausedUntil.getTime() > Date.now()) break;
    const delivery = await claimDelivery(db, webhookId, CLAIM_MS);
    if (!delivery) break;
    await deliver(needs, webhook, delivery, signal);
  }
  await inWrite(db, (trx) => askForNext(trx, webhookId));
}

async function deliver(
  { db, secrets, log, observe, network }: DelivererNeeds,
  webhook: Webhook,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<void> {
  let answer: PublicAnswer;
  try {
    answer = await send(webhook, delivery, await readSecrets(db, webhook.id, secrets), signal, network);
  } catch (error) {
    await unclaim(db, delivery.id);
    if (signal.aborted) throw new TryAgain('The node ends; the webhook is delivered by another one.');
    throw error;
  }
  const verdict = verdictOf(answer, delivery.attempts + 1, webhook.failingSince);
  await inWrite(db, async (trx) => {
    await noteTry(trx, delivery.id, verdict);
    await noteTarget(trx, webhook.id, {
      hasFailed: verdict.state !== 'delivered',
      pausedUntil: verdict.pausedUntil,
    });
    const since = webhook.failingSince?.getTime();
    if (verdict.isGone) await stopWebhook(trx, system, webhook, 'Its target says that it is gone (410).');
    else if (verdict.state !== 'delivered' && since !== undefined && Date.now() - since > STOP_AFTER_MS)
      await stopWebhook(trx, system, webhook, 'Nothing was delivered for five days.');
  });
  observe(verdict.state === 'delivered' ? 'delivered' : answer.outcome);
  const told = {
    webhookId: webhook.id,
    host: hostOf(webhook.url),
    type: delivery.type,
    status: verdict.status,
  };
  if (verdict.state === 'delivered') log.debug(told, 'A webhook was delivered');
  else log.info({ ...told, problem: verdict.problem }, 'A webhook was not delivered');
}

async function send(
  { url, format }: Webhook,
  { eventId, body }: Delivery,
  secrets: readonly string[],
  signal: AbortSignal,
  network: Network | undefined,
): Promise<PublicAnswer> {
  if (format === 'json' && secrets.length === 0)
    return {
      outcome: 'refused',
      why: 'Its secret can’t be read, since the site has another one now. Make a new one.',
    };
  return fetchPublic(
    url,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'nipnime-webhooks',
        ...(format === 'json' && signedHeaders({ id: eventId, body }, secrets, new Date())),
      },
      body,
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: TIMEOUT_MS,
      signal,
    },
    network,
  );
}

/** What follows from an answer to the try of that number, the first one being 1. */
function verdictOf(answer: PublicAnswer, attempt: number, failingSince: Date | null) {
  const status = answer.outcome === 'answered' ? answer.status : null;
  const common = {
    status,
    tookMs: answer.outcome === 'refused' ? null : answer.tookMs,
    answer: answer.outcome === 'answered' ? beginningOf(answer.body) : null,
    isGone: status === 410,
  };
  if (status !== null && status >= 200 && status < 300)
    return { ...common, state: 'delivered', nextAt: null, pausedUntil: null, problem: null } as const;
  const pauseMs = PAUSES_MS[attempt - 1];
  const restMs = retryAfterMs(answer);
  const nextMs = pauseMs && Math.max(pauseMs * (1 + Math.random() * JITTER), restMs);
  const nextAt = nextMs === undefined || common.isGone ? null : new Date(Date.now() + nextMs);
  // One that answers may just not like this message: the next one is sent at once.
  const targetMs = answer.outcome === 'answered' ? restMs : targetPauseMs(failingSince);
  return {
    ...common,
    state: nextAt ? 'waiting' : 'failed',
    nextAt,
    pausedUntil: targetMs > 0 ? new Date(Date.now() + targetMs) : null,
    problem: answer.outcome === 'answered' ? problemOf(answer.status) : answer.why,
  } as const;
}

function targetPauseMs(failingSince: Date | null): number {
  const sinceMs = failingSince ? Date.now() - failingSince.getTime() : 0;
  return Math.min(Math.max(sinceMs / 4, MIN_TARGET_PAUSE_MS), MAX_TARGET_PAUSE_MS);
}

function problemOf(status: number): string {
  if (status >= 300 && status < 400) return `It answers ${status}: a redirect, which is not followed.`;
  return `It answers ${status}.`;
}

/** RFC 9110, 10.2.3, in seconds; 0 where it says nothing, or a date. */
function retryAfterMs(answer: PublicAnswer): number {
  if (answer.outcome !== 'answered' || (answer.status !== 429 && answer.status !== 503)) return 0;
  const text = answer.headers['retry-after'] ?? '';
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Math.min(Number(text) * 1_000, MAX_RETRY_AFTER_MS) : 0;
}

/** Of what the target says: text that Postgres keeps and a page shows. */
function beginningOf(body: Buffer): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must go.
  const text = body.toString('utf8').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ');
  return text.slice(0, MAX_ANSWER_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
