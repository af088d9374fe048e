import { type Database, inWrite } from '../../platform/database';
import { READER_VERSION } from './reading';
import { foldTitles, type Readings } from './repository';

/** Japanese titles that were not read yet, or by another version of the code: where their language is not given, those with kana. */
export async function findUnreadTitles(db: Database, limit: number): Promise<readonly string[]> {
  const { rows } = await db.raw<{ rows: { readonly title: string }[] }>(
    `select t.title
     from (select title from series where title_language = 'ja'
           union select title_native from series where native_language = 'ja'
           union select synonym from series, unnest(synonyms) as synonym where synonym ~ '[ぁ-ヺ]') as t
     left join title_readings r on r.title = t.title and r.reader = ?
     where r.title is null and t.title ~ '[ぁ-ヺ㐀-鿿豈-﫿]'
     order by t.title
     limit ?`,
    [READER_VERSION, limit],
  );
  return rows.map(({ title }) => title);
}

/** Of one transaction. */
const BATCH = 200;

/** Keeps how these titles are read, and lets the series be found by it. */
export async function keepReadings(db: Database, readings: Readings): Promise<void> {
  const all = [...readings];
  for (let at = 0; at < all.length; at += BATCH) {
    const rows = all
      .slice(at, at + BATCH)
      .map(([title, reading]) => ({ title, reading, reader: READER_VERSION }));
    await inWrite(db, async (trx) => {
      await trx('title_readings').insert(rows).onConflict('title').merge();
      const titles = rows.map(({ title }) => title);
      const { rows: named } = await trx.raw<{ rows: { readonly id: string }[] }>(
        'select distinct series_id as id from series_titles where title = any(?) order by 1',
        [titles],
      );
      await foldTitles(
        trx,
        named.map(({ id }) => id),
      );
    });
  }
}

/** Of these titles, those that were not read yet. */
export async function unreadAmong(db: Database, titles: readonly string[]): Promise<readonly string[]> {
  const { rows } = await db.raw<{ rows: { readonly title: string }[] }>(
    `select t.title from unnest(?::text[]) as t (title)
     where not exists (select 1 from title_readings r where r.title = t.title and r.reader = ?)`,
    [[...new Set(titles)], READER_VERSION],
  );
  return rows.map(({ title }) => title);
}
