import { setTimeout as sleep } from 'node:timers/promises';
import { type Request, type Response, Router } from 'express';
import { type Database, inWrite } from '../../platform/database';
import type { SealedTexts } from '../../platform/sealed-text';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { dateTimeText } from '../../web/formats';
import { databaseId, type FieldError } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { addDeliveries, type Delivery, findDelivery, listDeliveries, redeliver } from './delivery-repository';
import { eventChoices, FORMAT_OPTIONS, formOf, LABELS, NEW_FORM, parseForm, typedForm } from './form';
import {
  createWebhook,
  deleteWebhook,
  FORMER_SECRET_HOURS,
  findWebhook,
  hostOf,
  listWebhooks,
  MAX_WEBHOOKS,
  rotateSecret,
  updateWebhook,
  type Webhook,
} from './repository';
import { bodyOf, newEventId } from './tell';

const PAGE_SIZE = 50;
/** So long the page of a test waits for what comes of it: most targets answer in less. */
const TEST_MS = 3_000;
const LOOK_MS = 100;
const TEST_TYPE = 'webhook.test';

type WebhookPages = { readonly db: Database; readonly webhookSecrets: SealedTexts };

/** Whom the site tells what happens, and what became of it. */
export function webhookRoutes({ db, webhookSecrets }: WebhookPages): Router {
  const router = Router();

  const findAsked = async (request: Request): Promise<Webhook> => {
    const id = databaseId.safeParse(request.params.id);
    const webhook = id.success ? await findWebhook(db, id.data) : undefined;
    if (!webhook) throw new ClientError(404, 'There is no webhook like this, or not any more.');
    return webhook;
  };

  const renderForm = (
    response: Response,
    form = NEW_FORM,
    errors: readonly FieldError[] = [],
    webhook?: Webhook,
  ): void => {
    response.render('webhooks/form', {
      title: webhook ? `Edit ${webhook.name}` : 'New webhook',
      webhook: webhook && { name: webhook.name, url: pathOf(webhook) },
      form,
      formats: FORMAT_OPTIONS,
      events: eventChoices(form),
      errors: Object.fromEntries(errors.map(({ field, message }) => [field.split('.')[0], message])),
      problems: errors.map(({ field, message }) => ({
        href: `#field-${field.split('.')[0]}`,
        label: LABELS[field.split('.')[0] ?? ''] ?? field,
        message,
      })),
    });
  };

  router.get('/webhooks', async (_request, response) => {
    const webhooks = await listWebhooks(db);
    response.render('webhooks/list', {
      title: 'Webhooks',
      webhooks: webhooks.map(webhookRow),
      canAdd: webhooks.length < MAX_WEBHOOKS,
    });
  });

  router.get('/webhooks/new', (_request, response) => renderForm(response));

  router.post('/webhooks/new', async (request, response) => {
    const form = typedForm(request.body);
    const parsed = parseForm(form);
    if (!parsed.ok) return renderForm(response.status(422), form, parsed.errors);
    const made = await createWebhook(db, adminActor(response), parsed.value, webhookSecrets);
    if (!made)
      return renderForm(response.status(422), form, [
        {
          field: 'name',
          message: `There are ${MAX_WEBHOOKS} webhooks already, which is as many as there may be.`,
        },
      ]);
    request.session.notice = secretNotice(made.webhook, made.secret, `${made.webhook.name} was made.`);
    await redirectWithSession(request, response, pathOf(made.webhook));
  });

  const renderWebhook = async (
    request: Request,
    response: Response,
    webhook: Webhook,
    errors: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const after = databaseId.safeParse(textOf(request.query, 'after'));
    const found = await listDeliveries(db, webhook.id, {
      after: after.success ? after.data : undefined,
      limit: PAGE_SIZE + 1,
    });
    const shown = found.slice(0, PAGE_SIZE);
    const last = shown.at(-1);
    response.render('webhooks/webhook', {
      title: webhook.name,
      webhook: webhookRow(webhook),
      formerHours: FORMER_SECRET_HOURS,
      deliveries: shown.map((delivery) => deliveryRow(webhook, delivery)),
      errors,
      isFirstPage: !after.success,
      firstUrl: pathOf(webhook),
      nextUrl: found.length > PAGE_SIZE && last ? `${pathOf(webhook)}?after=${last.id}` : undefined,
    });
  };

  router.get('/webhooks/:id', async (request, response) =>
    renderWebhook(request, response, await findAsked(request)),
  );

  router.get('/webhooks/:id/edit', async (request, response) => {
    const webhook = await findAsked(request);
    renderForm(response, formOf(webhook), [], webhook);
  });

  router.post('/webhooks/:id/edit', async (request, response) => {
    const webhook = await findAsked(request);
    const form = typedForm(request.body);
    const parsed = parseForm(form);
    if (!parsed.ok) return renderForm(response.status(422), form, parsed.errors, webhook);
    const saved = await updateWebhook(db, adminActor(response), webhook.id, parsed.value);
    if (!saved) throw new ClientError(404, 'There is no webhook like this any more.');
    request.session.notice = { text: `${saved.name} was saved.` };
    await redirectWithSession(request, response, pathOf(saved));
  });

  router.post('/webhooks/:id/test', async (request, response) => {
    const webhook = await findAsked(request);
    request.session.notice = { text: webhook.enabled ? await sendTest(db, webhook) : OFF };
    await redirectWithSession(request, response, pathOf(webhook));
  });

  router.post('/webhooks/:id/secret', async (request, response) => {
    const webhook = await findAsked(request);
    const secret = await rotateSecret(db, adminActor(response), webhook.id, webhookSecrets);
    if (secret === undefined) throw new ClientError(404, 'There is no webhook like this any more.');
    const text = `${webhook.name} has another secret. Messages are signed by the former one, too, for ${FORMER_SECRET_HOURS} hours.`;
    request.session.notice = secretNotice({ ...webhook, format: 'json' }, secret, text);
    await redirectWithSession(request, response, pathOf(webhook));
  });

  router.post('/webhooks/:id/delete', async (request, response) => {
    const webhook = await findAsked(request);
    if (textOf(request.body, 'sure') === '')
      return renderWebhook(request, response.status(422), webhook, {
        sure: 'Has to be ticked: it can’t be undone.',
      });
    await deleteWebhook(db, adminActor(response), webhook.id);
    request.session.notice = { text: `The webhook ${webhook.name} was deleted.` };
    await redirectWithSession(request, response, '/admin/webhooks');
  });

  router.post('/webhooks/:id/deliveries/:deliveryId/again', async (request, response) => {
    const webhook = await findAsked(request);
    const id = databaseId.safeParse(request.params.deliveryId);
    if (!id.success) throw new ClientError(404, 'There is no such message.');
    const isSent = webhook.enabled && (await redeliver(db, webhook.id, id.data));
    request.session.notice = {
      text: isSent
        ? await outcomeOf(db, webhook.id, id.data, 'The message')
        : webhook.enabled
          ? 'There is no such message any more, or it is just being sent.'
          : OFF,
    };
    await redirectWithSession(request, response, pathOf(webhook));
  });

  // A form that was refused is sent to an address that can be opened, too.
  for (const form of ['test', 'secret', 'delete'])
    router.get(`/webhooks/:id/${form}`, (request, response) =>
      response.redirect(303, `/admin/webhooks/${encodeURIComponent(String(request.params.id))}`),
    );

  return router;
}

const OFF = 'Nothing was sent: the webhook is switched off.';

async function sendTest(db: Database, webhook: Webhook): Promise<string> {
  const message = { type: TEST_TYPE, timestamp: new Date().toISOString(), data: { webhook: webhook.name } };
  const body = bodyOf(message, webhook.format);
  const [id = ''] = await inWrite(db, (trx) =>
    // Whoever asks for it wants to see now what comes of it.
    addDeliveries(trx, { ...webhook, pausedUntil: null }, [{ eventId: newEventId(), type: TEST_TYPE, body }]),
  );
  return outcomeOf(db, webhook.id, id, 'The test');
}

/** Waits a little for what becomes of a message, and says it. */
async function outcomeOf(db: Database, webhookId: string, id: string, what: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < TEST_MS; waitedMs += LOOK_MS) {
    const delivery = await findDelivery(db, webhookId, id);
    if (!delivery) break;
    if (delivery.state === 'delivered')
      return `${what} was delivered: ${delivery.status} after ${delivery.tookMs} ms.`;
    if (delivery.attempts > 0) return `${what} was not delivered. ${delivery.problem}`;
    await sleep(LOOK_MS);
  }
  return `${what} is on its way: reload this page to see what became of it.`;
}

function secretNotice({ format }: Pick<Webhook, 'format'>, secret: string, text: string) {
  if (format === 'discord') return { text };
  return {
    text: `${text} Give its secret to the target, which checks signatures by it: it is not shown again.`,
    secret: { label: 'Secret', value: secret },
  };
}

function pathOf({ id }: Pick<Webhook, 'id'>): string {
  return `/admin/webhooks/${id}`;
}

function webhookRow(webhook: Webhook) {
  const { name, url, format, events, enabled, stoppedFor, failingSince, pausedUntil } = webhook;
  const isFailing = enabled && failingSince !== null;
  return {
    name,
    // The rest of an address may be a secret.
    host: hostOf(url),
    format,
    formatText: format === 'discord' ? 'Discord' : 'JSON',
    events,
    enabled,
    badge: isFailing ? 'scheduled' : enabled ? 'published' : 'hidden',
    stateText: isFailing ? 'Failing' : enabled ? 'On' : 'Off',
    whyText: stoppedFor
      ? `Switched off by nipnime: ${stoppedFor}`
      : isFailing
        ? `Nothing was delivered since ${dateTimeText(failingSince, ENGLISH)}.`
        : undefined,
    pausedText:
      enabled && pausedUntil && pausedUntil.getTime() > Date.now()
        ? `Asked again at ${dateTimeText(pausedUntil, ENGLISH)}.`
        : undefined,
    path: pathOf(webhook),
    journalUrl: `/admin/journal?${new URLSearchParams({ subject: `webhook:${webhook.id}` })}`,
  };
}

const STATES = {
  waiting: { badge: 'scheduled', stateText: 'Waiting' },
  delivered: { badge: 'published', stateText: 'Delivered' },
  failed: { badge: 'hidden', stateText: 'Failed' },
} as const;

function deliveryRow(webhook: Webhook, delivery: Delivery) {
  const { id, eventId, type, state, attempts, createdAt, nextAt, status, tookMs, problem, answer, body } =
    delivery;
  return {
    id,
    eventId,
    type,
    ...STATES[state],
    at: createdAt.toISOString(),
    atText: dateTimeText(createdAt, ENGLISH),
    triesText: attempts === 1 ? '1 try' : `${attempts} tries`,
    answerText: status === null ? undefined : `${status} after ${tookMs} ms`,
    nextText: attempts > 0 && nextAt ? `Next try at ${dateTimeText(nextAt, ENGLISH)}` : undefined,
    problem: state === 'delivered' ? undefined : (problem ?? undefined),
    answer: answer ?? '',
    message: prettyJson(body),
    againUrl: `${pathOf(webhook)}/deliveries/${id}/again`,
  };
}

function prettyJson(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
