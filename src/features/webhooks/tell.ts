import { randomUUID } from 'node:crypto';
import type { JournalEntry } from '../../journal/entry';
import type { Transaction } from '../../platform/database';
import { findPublicEpisodes } from '../episodes/public';
import { discordMessage, type Message, messageOf, type Subjects } from './body';
import { addDeliveries } from './delivery-repository';
import { type EventType, type Happened, happenedIn } from './events';
import { type Format, findNamedEpisodes, findNamedSeries, listWebhooks } from './repository';

/** What their secrets are sealed for. */
export const WEBHOOK_SECRETS = 'secrets of webhooks';
/** The reader of the journal. */
export const WEBHOOKS_READER = 'webhooks';

/**
 * Adds what each webhook wants to know of these acts to what is delivered.
 * @param origin of the site, where it is known
 */
export async function tellWebhooks(
  trx: Transaction,
  entries: readonly JournalEntry[],
  origin: string | undefined,
): Promise<void> {
  const webhooks = (await listWebhooks(trx)).filter(({ enabled }) => enabled);
  const wanted = new Set<EventType>(webhooks.flatMap(({ events }) => events));
  const all = entries.flatMap((entry) =>
    happenedIn(entry)
      .filter(({ type }) => wanted.has(type))
      .map((happened) => ({ entry, happened })),
  );
  if (all.length === 0) return;
  const subjects = await findSubjects(
    trx,
    all.map(({ happened }) => happened),
  );
  const told = all.flatMap(({ entry, happened }) => {
    const message = messageOf(happened, entry, subjects, origin);
    return message ? [{ ...happened, at: entry.at, eventId: newEventId(), message }] : [];
  });
  for (const webhook of webhooks) {
    const own = told.filter(
      ({ type, at, message }) =>
        webhook.events.includes(type) &&
        at >= webhook.listensFrom &&
        (webhook.format !== 'discord' || isNews(message)),
    );
    await addDeliveries(
      trx,
      webhook,
      own.map(({ eventId, type, message }) => ({ eventId, type, body: bodyOf(message, webhook.format) })),
    );
  }
}

const NEWS_MS = 7 * 86_400_000;

/** People are not told of each episode of an archive that somebody imports. */
function isNews({ type, data }: Message): boolean {
  if (type !== 'episode.published') return true;
  const { publishedAt } = { publishedAt: undefined, ...(data.episode as object) };
  return typeof publishedAt !== 'string' || Date.now() - Date.parse(publishedAt) < NEWS_MS;
}

/** Not the number of the act: after a backup was restored, another act would have it. */
export function newEventId(): string {
  return `evt_${randomUUID()}`;
}

export function bodyOf(message: Message, format: Format): string {
  return JSON.stringify(format === 'discord' ? discordMessage(message) : message);
}

async function findSubjects(trx: Transaction, all: readonly Happened[]): Promise<Subjects> {
  const episodeIds = [...new Set(all.flatMap((each) => ('episodeId' in each ? [each.episodeId] : [])))];
  const seriesIds = [...new Set(all.flatMap((each) => ('seriesId' in each ? [each.seriesId] : [])))];
  const [open, named, series] = [
    new Map((await findPublicEpisodes(trx, episodeIds)).map((each) => [each.episodeId, each])),
    new Map((await findNamedEpisodes(trx, episodeIds)).map((each) => [each.id, each])),
    new Map((await findNamedSeries(trx, seriesIds)).map((each) => [each.id, each])),
  ];
  return {
    publicEpisode: (id) => open.get(id),
    namedEpisode: (id) => named.get(id),
    series: (id) => series.get(id),
  };
}
