import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import { FOLD_VERSION, type Folded, fold, trigramText } from './fold';
import { likeness } from './match';

/** A series that was found, by the title that is most like what was searched for. */
export type TitleMatch = {
  readonly seriesId: string;
  /** As it is written. */
  readonly title: string;
  /** Whether that is only how another title is read, in romaji. */
  readonly isReading: boolean;
  /** From 0 to 1. */
  readonly likeness: number;
};

type SearchOptions = {
  readonly limit: number;
  /** Those that visitors don't see, too. */
  readonly withHidden?: boolean;
};

/** How many titles Postgres picks by their trigrams, of which the best are then found by their typos: fewer when each takes longer. */
const MAX_CANDIDATES = 150;
const MAX_COMPARED = 4_000;
/**
 * How much of the trigrams of what was typed a title has to have, by the length up to which that is so: two swapped letters in
 * seven leave a third, and whatever is in common with less of a long title is in common with half of all.
 */
const MIN_SHARED: readonly (readonly [number, number])[] = [
  [12, 0.33],
  [20, 0.42],
  [30, 0.5],
  [Number.POSITIVE_INFINITY, 0.6],
];
/** By as many letters titles are picked: every further one costs Postgres time, and hardly two titles begin alike for so long. */
const MAX_LETTERS = 40;
/** So few letters have hardly a trigram in common with a title that they stand in the midst of, … */
const SHORT = 6;
/** … and so few are the beginning of a word, since whatever has them in its midst is half of all. */
const VERY_SHORT = 2;
/** What is less like it is no answer. */
const MIN_LIKENESS = 0.5;

/**
 * The series with a title like `text`, the likest first: in any case, script of kana, width, with or without marks, with its words
 * in any order, and with typos. Empty when `text` has neither a letter nor a digit.
 */
export async function searchSeries(
  db: Database,
  text: string,
  { limit, withHidden = false }: SearchOptions,
): Promise<TitleMatch[]> {
  const query = fold(text);
  const candidates = await findCandidates(db, query, withHidden);
  const best = new Map<string, TitleMatch & { readonly place: number }>();
  for (const { series_id: seriesId, title, place, ...folded } of candidates) {
    const match = {
      seriesId,
      title,
      place,
      isReading: place === READING,
      likeness: likeness(query, folded),
    };
    const other = best.get(seriesId);
    if (match.likeness >= MIN_LIKENESS && (!other || compare(match, other) < 0)) best.set(seriesId, match);
  }
  return [...best.values()].sort(compare).slice(0, limit);
}

type Ranked = TitleMatch & { readonly place: number };

/** Of two that are alike, the one whose main title it is, and then the newer one. */
function compare(a: Ranked, b: Ranked): number {
  return b.likeness - a.likeness || a.place - b.place || Number(b.seriesId) - Number(a.seriesId);
}

type Candidate = Folded & { readonly series_id: string; readonly title: string; readonly place: number };

async function findCandidates(
  db: Database,
  query: Folded,
  withHidden: boolean,
): Promise<readonly Candidate[]> {
  const typed = trigramText(query).slice(0, MAX_LETTERS).trim();
  if (typed === '') return [];
  const { where, order } = conditionsFor(typed.length);
  return inSnapshot(db, async (trx) => {
    const [, minShared] = MIN_SHARED.find(([length]) => typed.length <= length) ?? [0, 1];
    // Postgres knows nothing of how many titles are alike, and now and then guesses that reading all of them is quicker.
    await trx.raw(
      `set local pg_trgm.word_similarity_threshold = ${minShared}; set local enable_seqscan = off`,
    );
    const { rows } = await trx.raw<{ rows: Candidate[] }>(
      `select t.series_id, t.title, t.place, t.words, t.romaji
       from series_titles t
       where (${where})
         ${withHidden ? '' : 'and exists (select 1 from public_series s where s.series_id = t.series_id)'}
       order by ${order}, t.series_id desc, t.words
       limit :limit`,
      {
        typed,
        start: `${typed}%`,
        word: `% ${typed}%`,
        part: `%${typed}%`,
        limit: Math.min(MAX_CANDIDATES, Math.ceil(MAX_COMPARED / typed.length)),
      },
    );
    return rows;
  });
}

/** @param length of what was typed, as trigrams are taken of it: of letters and digits alone, so that LIKE knows no wildcard in it */
function conditionsFor(length: number): { readonly where: string; readonly order: string } {
  if (length <= VERY_SHORT)
    return {
      where: 't.trigrams like :start or t.trigrams like :word',
      order: '(t.trigrams like :start) desc, length(t.trigrams)',
    };
  const alike = 'word_similarity(:typed, t.trigrams) + similarity(:typed, t.trigrams) desc';
  return length <= SHORT
    ? {
        where: 't.trigrams %> :typed or t.trigrams like :part',
        order: `(t.trigrams like :part) desc, ${alike}`,
      }
    : { where: 't.trigrams %> :typed', order: alike };
}

/** What is known of the titles of a series is what they were folded from; with the version of the code that does it. */
const DIGEST = `md5(concat_ws(chr(10), '${FOLD_VERSION}', s.title, s.title_native, array_to_string(s.synonyms, chr(10))))`;

type TitlesRow = {
  readonly id: string;
  readonly title: string;
  readonly title_native: string | null;
  readonly synonyms: readonly string[];
  readonly digest: string;
};

/** Brings what is searched to the titles that these series have now. */
export async function foldTitles(trx: Database | Transaction, seriesIds: readonly string[]): Promise<void> {
  if (seriesIds.length === 0) return;
  const rows: TitlesRow[] = await trx('series as s')
    .select('id', 'title', 'title_native', 'synonyms', trx.raw(`${DIGEST} as digest`))
    .whereRaw('s.id = any(?)', [[...seriesIds]]);
  const readings = await readReadings(trx, rows.flatMap(titlesOf));
  await trx.raw('delete from series_titles where series_id = any(?)', [[...seriesIds]]);
  await trx.raw(
    `insert into series_titles (series_id, title, place, words, romaji, trigrams)
     select series_id, title, place, words, romaji, trigrams
     from jsonb_to_recordset(?::jsonb) as item(
       series_id bigint, title text, place smallint, words text, romaji text, trigrams text)
     on conflict do nothing`,
    [JSON.stringify(rows.flatMap((row) => toTitles(row, readings)))],
  );
  await trx.raw(
    `insert into folded_series (series_id, digest)
     select id, digest from jsonb_to_recordset(?::jsonb) as item(id bigint, digest text)
     on conflict (series_id) do update set digest = excluded.digest`,
    [JSON.stringify(rows.map(({ id, digest }) => ({ id, digest })))],
  );
}

/** How titles are read, by the titles. */
export type Readings = ReadonlyMap<string, string>;

/** How the titles are read, of those that are known. */
export async function readReadings(db: Database | Transaction, titles: readonly string[]): Promise<Readings> {
  const rows: { readonly title: string; readonly reading: string }[] = await db('title_readings')
    .select('title', 'reading')
    .whereRaw(`title = any(?) and reading <> ''`, [[...titles]]);
  return new Map(rows.map(({ title, reading }) => [title, reading]));
}

/** The place of how a title is read. */
const READING = 3;

function titlesOf({ title, title_native: native, synonyms }: TitlesRow): readonly string[] {
  return [title, ...(native === null ? [] : [native]), ...synonyms];
}

/** The earlier of two that are folded alike counts. */
function toTitles(row: TitlesRow, readings: Readings) {
  const titles = titlesOf(row).map((title, index) => ({
    title,
    place: title === row.title ? 0 : Math.min(index, 2),
  }));
  const read = titles.flatMap(({ title }) => readings.get(title) ?? []);
  return [...titles, ...read.map((title) => ({ title, place: READING }))].flatMap((each) => {
    const folded = fold(each.title);
    if (folded.words === '') return [];
    return [{ series_id: row.id, ...each, ...folded, trigrams: trigramText(folded) }];
  });
}

/** Few at a time: whoever asks for a page meanwhile waits no longer than for these. */
const BATCH = 100;

/**
 * Folds the titles of all series that have other ones than when they were folded, or that were folded by another version of this
 * code: after an import, after an upgrade, and of what a node of an older version has written.
 */
export async function foldChangedTitles(db: Database): Promise<void> {
  for (;;) {
    const ids = await findUnfolded(db, BATCH);
    if (ids.length === 0) return;
    await db.transaction((trx) => foldTitles(trx, ids));
  }
}

async function findUnfolded(db: Database, limit: number): Promise<readonly string[]> {
  const { rows } = await db.raw<{ rows: { readonly id: string }[] }>(
    `select s.id from series s left join folded_series f on f.series_id = s.id
     where f.digest is distinct from ${DIGEST}
     order by s.id limit ?`,
    [limit],
  );
  return rows.map(({ id }) => id);
}
