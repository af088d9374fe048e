import type { Database } from '../../platform/database';
import type { Actor, WriteContext } from '../episodes/write';
import { findFreeSlug, findSeries, updateSeries } from './repository';
import { isMadeSlug, slugFromTitle } from './slug';

/** A series whose slug may be none that anybody can read. */
type Candidate = {
  readonly id: string;
  readonly title: string;
  readonly slug: string;
  readonly reading: string;
};

/** How long a new series may get another slug by itself: a link that has been out for longer should stay as it is. */
const NEW_FOR = '1 day';

/**
 * Gives series with a Japanese title the slug of how it is read, where theirs was made before that was known: `sousou-no-furiren` for
 * `zangsongnofuriren`. A slug that somebody chose stays. The former one leads on.
 * @param all also those that are not new
 * @returns how many were given another one
 */
export async function giveReadSlugs(
  catalog: WriteContext,
  actor: Actor,
  { all }: { readonly all: boolean },
): Promise<number> {
  let given = 0;
  for (const { id, title, slug, reading } of await findCandidates(catalog.db, all)) {
    const wanted = slugFromTitle(title, reading);
    if (!isMadeSlug(slug, title) || slug === wanted || slug.startsWith(`${wanted}-`)) continue;
    const series = await findSeries(catalog.db, id);
    if (series?.slug !== slug) continue;
    const free = await findFreeSlug(catalog.db, wanted);
    const { id: _id, version, createdAt: _created, updatedAt: _updated, ...input } = series;
    const { outcome } = await updateSeries(catalog, actor, id, { ...input, slug: free }, version);
    // Whoever was quicker has an edit under way: the next time.
    if (outcome === 'saved') given++;
  }
  return given;
}

async function findCandidates(db: Database, all: boolean): Promise<readonly Candidate[]> {
  const { rows } = await db.raw<{ rows: Candidate[] }>(
    `select s.id, s.title, s.slug, r.reading
     from series s join title_readings r on r.title = s.title and r.reading <> ''
     where s.title_language = 'ja' ${all ? '' : `and s.created_at > now() - interval '${NEW_FOR}'`}
     order by s.id`,
  );
  return rows;
}
