import type { Cursor } from '../../live/log/change';
import { readHead } from '../../live/log/live-log';
import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import type { EpisodeInput, EpisodeKind, VideoServer } from '../episodes/fields';
import { CARD_COLUMNS, type PublicEpisode, type PublicEpisodeRow, toPublicEpisode } from '../episodes/public';

/** What the watch page shows: the episode, its enabled video servers, and its neighbours. */
export type WatchedEpisode = {
  readonly episode: PublicEpisode;
  readonly synopsis: string;
  /** What can be skipped; null where nobody has said. */
  readonly intro: EpisodeInput['intro'];
  readonly servers: readonly VideoServer[];
} & Steps;

/** The episodes of the same kind around one, at the point in the order of changes that the cursor names. */
type Steps = {
  readonly cursor: Cursor;
  readonly previous: Step;
  readonly next: Step;
};

type Step = {
  readonly episode: PublicEpisode | undefined;
  /** There are further ones in this direction. */
  readonly hasMore: boolean;
};

export async function findWatchedEpisode(
  db: Database,
  seriesSlug: string,
  kind: EpisodeKind,
  number: string,
): Promise<WatchedEpisode | undefined> {
  return inSnapshot(db, async (trx) => {
    const row: WatchedRow | undefined = await trx('public_episodes')
      .select([
        ...CARD_COLUMNS,
        'synopsis',
        trx('episodes').select('intro').where('id', trx.ref('episode_id')).as('intro'),
      ])
      .where({ series_slug: seriesSlug, kind, number })
      .first();
    if (!row) return undefined;
    const servers: VideoServerRow[] = await trx('video_servers')
      .select('id', 'name', 'kind', 'url', 'audio_language', 'subtitle_language', 'sandboxed', 'enabled')
      .where({ episode_id: row.episode_id, enabled: true })
      .orderBy(['position', 'id'])
      .limit(100);
    return {
      episode: toPublicEpisode(row),
      synopsis: row.synopsis,
      intro: row.intro,
      servers: servers.map(toVideoServer),
      ...(await findSteps(trx, row)),
    };
  });
}

type WatchedRow = PublicEpisodeRow & Pick<WatchedEpisode, 'synopsis' | 'intro'>;

async function findSteps(trx: Transaction, row: PublicEpisodeRow): Promise<Steps> {
  return {
    cursor: await readHead(trx),
    previous: await findStep(trx, row, '<', 'desc'),
    next: await findStep(trx, row, '>', 'asc'),
  };
}

async function findStep(
  trx: Transaction,
  of: PublicEpisodeRow,
  comparison: '<' | '>',
  order: 'asc' | 'desc',
): Promise<Step> {
  const rows: PublicEpisodeRow[] = await trx('public_episodes')
    .select(CARD_COLUMNS)
    .where({ series_id: of.series_id, kind: of.kind })
    .where('number', comparison, of.number)
    .orderBy('number', order)
    .limit(2);
  return { episode: rows[0] && toPublicEpisode(rows[0]), hasMore: rows.length > 1 };
}

type VideoServerRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: VideoServer['kind'];
  readonly url: string;
  readonly audio_language: string | null;
  readonly subtitle_language: string | null;
  readonly sandboxed: boolean;
  readonly enabled: boolean;
};

function toVideoServer(row: VideoServerRow): VideoServer {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    url: row.url,
    audioLanguage: row.audio_language,
    subtitleLanguage: row.subtitle_language,
    sandboxed: row.sandboxed,
    enabled: row.enabled,
  };
}
