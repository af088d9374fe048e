import type { JournalEntry } from '../../journal/entry';
import { ENGLISH } from '../../web/words';
import { episodeLabel, episodePath } from '../episodes/fields';
import type { PublicEpisode } from '../episodes/public';
import { seriesPath } from '../series/fields';
import type { Happened } from './events';
import type { NamedEpisode, NamedSeries } from './repository';

/** What is told to the target of a webhook, in the form that the Standard Webhooks specification recommends. */
export type Message = {
  readonly type: string;
  /** When it happened: ISO 8601, UTC. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** What is known of what happened; undefined for what is not to be told any more. */
export type Subjects = {
  readonly publicEpisode: (episodeId: string) => PublicEpisode | undefined;
  readonly namedEpisode: (episodeId: string) => NamedEpisode | undefined;
  readonly series: (seriesId: string) => NamedSeries | undefined;
};

/**
 * Makes the message, of what is true now: nothing that has been hidden since is told as public.
 * @param origin of the site, where it is known; else there are no full addresses in it
 */
export function messageOf(
  happened: Happened,
  entry: JournalEntry,
  subjects: Subjects,
  origin: string | undefined,
): Message | undefined {
  const data = dataOf(happened, entry, subjects, origin);
  return data && { type: happened.type, timestamp: entry.at.toISOString(), data };
}

function dataOf(
  happened: Happened,
  entry: JournalEntry,
  subjects: Subjects,
  origin: string | undefined,
): Message['data'] | undefined {
  const addressOf = (path: string) => (origin === undefined ? {} : { url: `${origin}${path}` });
  switch (happened.type) {
    case 'episode.published':
    case 'episode.changed': {
      const episode = subjects.publicEpisode(happened.episodeId);
      if (!episode) return undefined;
      const { episodeId: id, kind, number, title, durationSeconds, publishedAt } = episode;
      return {
        episode: {
          id,
          kind,
          number,
          title,
          durationSeconds,
          publishedAt,
          audioLanguages: episode.audioLanguages,
          subtitleLanguages: episode.subtitleLanguages,
          ...addressOf(episodePath(episode)),
        },
        series: {
          id: episode.seriesId,
          slug: episode.seriesSlug,
          title: episode.seriesTitle,
          titleLanguage: episode.seriesTitleLanguage,
          kind: episode.seriesKind,
          ...addressOf(seriesPath(episode.seriesSlug)),
        },
        ...(happened.type === 'episode.published'
          ? { isFirst: happened.isFirst }
          : { changed: happened.fields }),
      };
    }
    case 'episode.hidden':
    case 'episode.deleted': {
      const episode = subjects.namedEpisode(happened.episodeId);
      if (!episode) return undefined;
      const { id, kind, number, series } = episode;
      return { episode: { id, kind, number }, series: { id: series.id, slug: series.slug } };
    }
    case 'series.published':
    case 'series.changed': {
      const series = subjects.series(happened.seriesId);
      if (!series?.visible) return undefined;
      const { id, slug, title, titleLanguage, kind } = series;
      return {
        series: { id, slug, title, titleLanguage, kind, ...addressOf(seriesPath(slug)) },
        ...(happened.type === 'series.changed' && { changed: happened.fields }),
      };
    }
    case 'series.hidden': {
      const series = subjects.series(happened.seriesId);
      // By the address that it had while it was to be seen.
      return series && { series: { id: series.id, slug: entry.changes.slug?.before ?? series.slug } };
    }
    case 'act': {
      const { action, actor, via, subjectKind, subjectId, subjectLabel, changes, details } = entry;
      return {
        action,
        actor: { kind: actor.kind, name: actor.name },
        via,
        subject: { kind: subjectKind, id: subjectId, label: subjectLabel },
        changes,
        details,
      };
    }
    default:
      return happened satisfies never;
  }
}

/** Discord takes 256, and each may have to be escaped. */
const MAX_TITLE_LENGTH = 120;
const DISCORD_COLOURS: Readonly<Record<string, number>> = { published: 0x3ba55d, changed: 0x5865f2 };
const OTHER_COLOUR = 0x99aab5;

/**
 * The same for a channel of Discord, which shows what it is sent and nothing else.
 * https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
export function discordMessage({ type, timestamp, data }: Message): Readonly<Record<string, unknown>> {
  const { title, text } = sentenceOf(type, data);
  const { url } = recordOf(data.episode ?? data.series);
  return {
    embeds: [
      {
        title: plain(title.slice(0, MAX_TITLE_LENGTH)),
        description: text,
        ...(typeof url === 'string' && { url }),
        timestamp,
        color: DISCORD_COLOURS[type.split('.')[1] ?? ''] ?? OTHER_COLOUR,
      },
    ],
    // Nobody is called by what a title says.
    allowed_mentions: { parse: [] },
  };
}

const SENTENCES: Readonly<Record<string, string>> = {
  'episode.published': 'Is here.',
  'episode.changed': 'Was changed.',
  'episode.hidden': 'Is not to be seen any more.',
  'episode.deleted': 'Was deleted.',
  'series.published': 'The series is here.',
  'series.changed': 'The series was changed.',
  'series.hidden': 'The series is not to be seen any more.',
  'webhook.test': 'This is a test. What happens on the site will be told here.',
};

function sentenceOf(type: string, data: Message['data']): { readonly title: string; readonly text: string } {
  const [episode, series, subject] = [data.episode, data.series, data.subject].map(recordOf);
  const name = String(series?.title ?? series?.slug ?? subject?.label ?? 'nipnime');
  const text = type === 'act' ? `\`${String(data.action)}\`` : (SENTENCES[type] ?? type);
  const { kind, number } = episode ?? {};
  if ((kind !== 'regular' && kind !== 'special') || typeof number !== 'string') return { title: name, text };
  return { title: `${name} – ${episodeLabel({ kind, number }, ENGLISH)}`, text };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** A title is no Markdown. */
function plain(text: string): string {
  return text.replace(/[\\*_~`|>#[\]()-]/g, '\\$&');
}
