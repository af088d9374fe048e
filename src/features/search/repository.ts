import type { Database } from '../../platform/database';
import type { Season, SeriesKind } from '../series/fields';
import { searchSeries, type TitleMatch } from '../titles/public';

/** A series that visitors see, found by a title. */
export type FoundSeries = {
  readonly slug: string;
  readonly title: string;
  readonly titleLanguage: string;
  readonly titleNative: string | null;
  readonly nativeLanguage: string | null;
  readonly kind: SeriesKind;
  readonly seasonYear: number | null;
  readonly season: Season | null;
  readonly poster: string | null;
  /** The title that it was found by. */
  readonly foundBy: Pick<TitleMatch, 'title' | 'isReading'>;
};

/** The series with a title like `text`, the likest first. */
export async function findSeriesByTitle(
  db: Database,
  text: string,
  limit: number,
): Promise<readonly FoundSeries[]> {
  const matches = await searchSeries(db, text, { limit });
  const rows: FoundRow[] = await db('public_series')
    .select(COLUMNS)
    .whereRaw('series_id = any(?)', [matches.map(({ seriesId }) => seriesId)]);
  const series = new Map(rows.map((row) => [row.series_id, row]));
  return matches.flatMap(({ seriesId, ...foundBy }) => {
    const row = series.get(seriesId);
    return row ? [{ ...toFound(row), foundBy }] : [];
  });
}

const COLUMNS = [
  'series_id',
  'slug',
  'title',
  'title_language',
  'title_native',
  'native_language',
  'kind',
  'season_year',
  'season',
  'poster',
] as const;

type FoundRow = {
  readonly series_id: string;
  readonly slug: string;
  readonly title: string;
  readonly title_language: string;
  readonly title_native: string | null;
  readonly native_language: string | null;
  readonly kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly poster: string | null;
};

function toFound(row: FoundRow): Omit<FoundSeries, 'foundBy'> {
  return {
    slug: row.slug,
    title: row.title,
    titleLanguage: row.title_language,
    titleNative: row.title_native,
    nativeLanguage: row.native_language,
    kind: row.kind,
    seasonYear: row.season_year,
    season: row.season,
    poster: row.poster,
  };
}
