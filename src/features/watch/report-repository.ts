import type { Actor } from '../../journal/actor';
import { recordAudit } from '../../journal/journal';
import { type Database, inWrite } from '../../platform/database';
import { type EpisodeKind, type EpisodeStatus, episodeName, shortestNumber } from '../episodes/fields';

/** Notes that a viewer can't play the episode. @param serverIds those of its servers that failed there */
export async function recordReport(
  db: Database,
  episodeId: string,
  serverIds: readonly string[],
): Promise<void> {
  await db('playback_reports')
    .insert({ episode_id: episodeId, server_ids: [...serverIds] })
    .onConflict('episode_id')
    .merge({
      reports: db.raw('playback_reports.reports + 1'),
      last_reported_at: db.fn.now(3),
      // Servers come and go; no more than the last hundred are of use.
      server_ids: db.raw(`(array(
        select distinct unnest(excluded.server_ids || playback_reports.server_ids) order by 1 desc))[1:100]`),
    });
}

/** What viewers said of one episode. */
export type Report = {
  readonly episodeId: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly status: EpisodeStatus;
  readonly seriesTitle: string;
  readonly seriesTitleLanguage: string;
  readonly reports: number;
  readonly lastReportedAt: Date;
  /** Names of the servers that failed there, as far as they are still there. */
  readonly servers: readonly string[];
  /** The episode has been edited since. */
  readonly isEdited: boolean;
};

/** The reports that nobody has cleared, the latest first. */
export async function listReports(db: Database, limit: number): Promise<readonly Report[]> {
  const rows: ReportRow[] = await ofEpisodes(db)
    .select(
      'r.episode_id',
      'r.reports',
      'r.last_reported_at',
      'e.kind',
      'e.number',
      'e.status',
      'e.updated_at',
      's.title',
      's.title_language',
      db.raw(`array(
        select v.name from video_servers v where v.episode_id = e.id and v.id = any(r.server_ids)
        order by v.position, v.id) as servers`),
    )
    .orderBy([
      { column: 'r.last_reported_at', order: 'desc' },
      { column: 'r.episode_id', order: 'desc' },
    ])
    .limit(limit);
  return rows.map((row) => ({
    episodeId: row.episode_id,
    kind: row.kind,
    number: shortestNumber(row.number),
    status: row.status,
    seriesTitle: row.title,
    seriesTitleLanguage: row.title_language,
    reports: row.reports,
    lastReportedAt: row.last_reported_at,
    servers: row.servers,
    isEdited: row.updated_at > row.last_reported_at,
  }));
}

/** How many episodes have been reported. @param limit counts no further */
export async function countReports(db: Database, limit: number): Promise<number> {
  const [row]: { readonly count: string }[] = await db
    .from(ofEpisodes(db).select('r.episode_id').limit(limit).as('reported'))
    .count({ count: '*' });
  return Number(row?.count ?? 0);
}

/** Forgets what was said of the episode; false when nobody has said anything. */
export async function clearReports(db: Database, actor: Actor, episodeId: string): Promise<boolean> {
  return inWrite(db, async (trx) => {
    const [cleared]: { readonly reports: number }[] = await trx('playback_reports')
      .where({ episode_id: episodeId })
      .delete()
      .returning('reports');
    if (!cleared) return false;
    const episode: EpisodeRow | undefined = await trx('episodes as e')
      .join('series as s', 's.id', 'e.series_id')
      .where('e.id', episodeId)
      .first('e.kind', 'e.number', 's.title');
    await recordAudit(trx, {
      actor,
      action: 'report.clear',
      subjectKind: 'episode',
      subjectId: episodeId,
      subjectLabel:
        episode &&
        episodeName({
          kind: episode.kind,
          number: shortestNumber(episode.number),
          seriesTitle: episode.title,
        }),
      details: { reports: cleared.reports },
    });
    return true;
  });
}

/** Not of episodes that were deleted. */
function ofEpisodes(db: Database) {
  return db('playback_reports as r')
    .join('episodes as e', 'e.id', 'r.episode_id')
    .join('series as s', 's.id', 'e.series_id')
    .whereNull('e.deleted_at');
}

type EpisodeRow = { readonly kind: EpisodeKind; readonly number: string; readonly title: string };

type ReportRow = EpisodeRow & {
  readonly episode_id: string;
  readonly reports: number;
  readonly last_reported_at: Date;
  readonly updated_at: Date;
  readonly status: EpisodeStatus;
  readonly title_language: string;
  readonly servers: readonly string[];
};
