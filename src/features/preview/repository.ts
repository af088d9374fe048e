import type { Database } from '../../platform/database';
import type { EpisodeInput, EpisodeStatus, VideoServer } from '../episodes/fields';
import { type PublicEpisode, type PublicEpisodeRow, toPublicEpisode } from '../episodes/public';

/** An episode as it would be shown if it were public, whatever its status is. */
export type Previewed = {
  readonly episode: PublicEpisode;
  readonly status: EpisodeStatus;
  readonly isPublic: boolean;
  readonly synopsis: string;
  readonly intro: EpisodeInput['intro'];
  /** Those that are switched on. */
  readonly servers: readonly VideoServer[];
};

/** Undefined for one that was deleted. */
export async function findPreviewed(db: Database, episodeId: string): Promise<Previewed | undefined> {
  const { rows } = await db.raw<{ rows: PreviewedRow[] }>(
    `select e.id as episode_id, e.kind, e.number, e.title, e.duration_seconds, e.still,
            coalesce(e.published_at, e.publish_at, e.created_at) as published_at, e.series_id, s.slug as series_slug,
            s.title as series_title, s.title_language as series_title_language, s.kind as series_kind, s.season_year, s.season,
            s.native_language as series_native_language, '{}'::text[] as audio_languages, '{}'::text[] as subtitle_languages,
            e.status, e.synopsis, e.intro,
            exists (select from public_episodes p where p.episode_id = e.id) as is_public,
            coalesce((
              select json_agg(json_build_object('id', v.id::text, 'name', v.name, 'kind', v.kind, 'url', v.url,
                'audioLanguage', v.audio_language, 'subtitleLanguage', v.subtitle_language,
                'sandboxed', v.sandboxed, 'enabled', v.enabled) order by v.position, v.id)
              from video_servers v where v.episode_id = e.id and v.enabled), '[]') as servers
     from episodes e join series s on s.id = e.series_id
     where e.id = ? and e.deleted_at is null`,
    [episodeId],
  );
  const [row] = rows;
  return (
    row && {
      episode: toPublicEpisode(row),
      status: row.status,
      isPublic: row.is_public,
      synopsis: row.synopsis,
      intro: row.intro,
      servers: row.servers,
    }
  );
}

type PreviewedRow = PublicEpisodeRow &
  Pick<Previewed, 'status' | 'synopsis' | 'intro' | 'servers'> & { readonly is_public: boolean };
