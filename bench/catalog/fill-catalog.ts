import { episodeKind, findPublicEpisodes } from '../../src/features/episodes/public';
import { appendChanges } from '../../src/live/log/live-log';
import type { Database, Transaction } from '../../src/platform/database';
import { createLists } from '../../src/process/lists';
import { type EpisodeRow, generateCatalog, type SeriesRow } from './catalog-rows';

const CHUNK = 2_000;

/** Fills the empty, migrated database; everything is in the change log, as if it had been posted one by one. */
export async function fillCatalog(db: Database, publicEpisodes: number): Promise<void> {
  const { series, episodes } = generateCatalog(publicEpisodes);
  await db.transaction(async (trx) => {
    await trx.raw('set local statement_timeout = 0');
    for (const chunk of chunks(series)) await insertSeries(trx, chunk);
    for (const chunk of chunks(episodes)) await insertEpisodes(trx, chunk);
    for (const table of ['series', 'episodes']) {
      await trx.raw(`select setval(pg_get_serial_sequence(?, 'id'), (select max(id) from ??))`, [
        table,
        table,
      ]);
    }
    for (const chunk of chunks(episodes)) await logChanges(trx, chunk);
  });
  // As autovacuum does some minutes after an import; without it the first plans are guesses.
  await db.raw('vacuum analyze');
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += CHUNK) yield rows.slice(start, start + CHUNK);
}

async function insertSeries(trx: Transaction, rows: readonly SeriesRow[]): Promise<void> {
  await trx.raw(
    `insert into series (id, slug, title, title_language, title_native, native_language, synonyms, synopsis, kind,
                         season_year, season, links, visible, genres)
     overriding system value
     select id, slug, title, 'ja', title_native, 'ja', synonyms, synopsis, kind, season_year, season, links, visible,
            array_remove(array[case when id % 2 = 0 then 'drama' end, case when id % 3 = 0 then 'comedy' end,
                               case when id % 97 = 0 then 'kids' end], null)
     from jsonb_to_recordset(?::jsonb) as item(
       id bigint, slug text, title text, title_native text, synonyms text[], synopsis text, kind text,
       season_year smallint, season text, links jsonb, visible boolean)`,
    [JSON.stringify(rows)],
  );
}

async function insertEpisodes(trx: Transaction, rows: readonly EpisodeRow[]): Promise<void> {
  const json = JSON.stringify(rows);
  await trx.raw(
    `insert into episodes (id, series_id, number, title, synopsis, duration_seconds, status, publish_at,
                           published_at, first_public_at, deleted_at)
     overriding system value
     select id, series_id, number, title, synopsis, duration_seconds, status, publish_at, published_at,
            published_at, deleted_at
     from jsonb_to_recordset(?::jsonb) as item(
       id bigint, series_id bigint, number numeric, title text, synopsis text, duration_seconds integer,
       status text, publish_at timestamptz, published_at timestamptz, deleted_at timestamptz)`,
    [json],
  );
  await trx.raw(
    `insert into video_servers (episode_id, name, kind, url, audio_language, subtitle_language, position, enabled)
     select id, 'Server ' || position, 'file', 'https://video-' || position || '.example/' || id || '.mp4', 'ja',
            case when id % 50 = 0 then 'de' when id % 2 = 0 then 'en' end, position, enabled and (position = 1 or id % 5 > 0)
     from jsonb_to_recordset(?::jsonb) as item(id bigint, servers integer, enabled boolean)
     cross join generate_series(1, servers) as position`,
    [json],
  );
}

async function logChanges(trx: Transaction, rows: readonly EpisodeRow[]): Promise<void> {
  const episodes = await findPublicEpisodes(
    trx,
    rows.map(({ id }) => String(id)),
  );
  await appendChanges(
    trx,
    createLists().all.changesBetween(episodeKind, [], episodes, new Set(episodes.map(episodeKind.keyOf))),
  );
}
