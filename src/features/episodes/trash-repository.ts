import { recordAudit } from '../../journal/journal';
import { type Database, inWrite } from '../../platform/database';
import { episodeName } from './fields';
import { findEpisode, TRASH_DAYS } from './queries';

/** A deleted episode, as the trash lists it. */
export type TrashedEpisode = {
  readonly id: string;
  readonly kind: 'regular' | 'special';
  readonly number: string;
  readonly title: string;
  readonly seriesId: string;
  readonly seriesTitle: string;
  readonly seriesTitleLanguage: string;
  readonly deletedAt: Date;
  /** Empty for what an import has taken back. */
  readonly deletedBy: string;
};

/**
 * What can be brought back, the latest first.
 * @param after continues after the episode with this id
 */
export async function listTrash(
  db: Database,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<TrashedEpisode[]> {
  const { rows } = await db.raw<{ rows: TrashedEpisode[] }>(
    `select e.id::text, e.kind, trim_scale(e.number)::text as number, e.title, e.deleted_at as "deletedAt",
            s.id::text as "seriesId", s.title as "seriesTitle", s.title_language as "seriesTitleLanguage",
            coalesce(act.actor_name, '') as "deletedBy"
     from episodes e
     join series s on s.id = e.series_id
     left join lateral (
       select actor_name from journal
       where subject_kind = 'episode' and subject_id = e.id and action = 'episode.delete' and at >= e.deleted_at
       order by id desc limit 1) act on true
     where e.deleted_at >= now() - ? * interval '1 day'
       ${after === undefined ? '' : 'and (e.deleted_at, e.id) < (select deleted_at, id from episodes where id = ?)'}
     order by e.deleted_at desc, e.id desc
     limit ?`,
    [TRASH_DAYS, ...(after === undefined ? [] : [after]), limit],
  );
  return rows;
}

/** A day more than is said: nobody brings back what is just being purged. */
const KEPT_DAYS = TRASH_DAYS + 1;
const PURGED_AT_ONCE = 200;

/**
 * Ends what has been in the trash for long; gives the number of episodes. Of a series that an import keeps, the emptied row stays: it
 * says that the episode is not wanted, and the next import would add it again. What the import itself took back is the import's.
 */
export async function purgeTrash(db: Database): Promise<number> {
  let purged = 0;
  for (;;) {
    const ids = await inWrite(db, async (trx) => {
      const { rows } = await trx.raw<{ rows: { id: string; is_imported: boolean }[] }>(
        `select e.id::text, s.source is not null as is_imported
         from episodes e join series s on s.id = e.series_id
         where e.deleted_at < now() - ? * interval '1 day'
           and e.imported_version is distinct from e.version
           and (s.source is null or e.title <> '' or e.synopsis <> ''
                or exists (select 1 from video_servers v where v.episode_id = e.id))
         order by e.id limit ?
         for update of e`,
        [KEPT_DAYS, PURGED_AT_ONCE],
      );
      if (rows.length === 0) return [];
      const names = [];
      for (const { id } of rows) names.push(nameOf(await findEpisode(trx, id, { evenDeleted: true })));
      const emptied = rows.filter((row) => row.is_imported).map(({ id }) => id);
      const deleted = rows.filter((row) => !row.is_imported).map(({ id }) => id);
      await trx.raw('delete from video_servers where episode_id = any(?)', [emptied]);
      await trx.raw("update episodes set title = '', synopsis = '' where id = any(?)", [emptied]);
      await trx.raw('delete from episodes where id = any(?)', [deleted]);
      await recordAudit(trx, {
        actor: { kind: 'system', id: null, name: 'nipnime', via: 'scheduler' },
        action: 'episode.purge',
        subjectKind: 'episode',
        subjectId: null,
        details: { purged: names },
      });
      return rows;
    });
    purged += ids.length;
    if (ids.length < PURGED_AT_ONCE) return purged;
  }
}

function nameOf(episode: Parameters<typeof episodeName>[0] | undefined): string {
  return episode ? episodeName(episode) : '';
}
