import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Season, SeriesKind, SeriesLink } from '../series/fields';
import type { BangumiSeries } from './bangumi-data';

/** The columns of a series that an import fills. */
export type ImportedColumns = {
  readonly title: string;
  readonly title_language: string;
  readonly title_native: string | null;
  readonly native_language: string | null;
  readonly synonyms: readonly string[];
  readonly kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly begins_at: Date | null;
  readonly ends_at: Date | null;
  readonly broadcast: string | null;
  readonly links: readonly SeriesLink[];
  readonly note: string;
};

/** What is edited together, and is therefore updated together or not at all. */
const FIELDS = {
  title: ['title', 'title_language'],
  titleNative: ['title_native', 'native_language'],
  synonyms: ['synonyms'],
  kind: ['kind'],
  season: ['season_year', 'season'],
  beginsAt: ['begins_at'],
  endsAt: ['ends_at'],
  broadcast: ['broadcast'],
  links: ['links'],
  note: ['note'],
} as const satisfies Readonly<Record<string, readonly (keyof ImportedColumns)[]>>;
type Field = keyof typeof FIELDS;

const FIELD_NAMES = Object.keys(FIELDS) as readonly Field[];
/** Those that nobody had a way to edit while imports kept no records. */
const NEVER_EDITED: readonly Field[] = ['beginsAt', 'endsAt', 'broadcast', 'links', 'note'];

/** What the last import knew of a series: the column `series.imported`. */
export type ImportRecord = z.output<typeof recordSchema>;

const recordSchema = z.object({
  /** All keys that the series ever had in the data set. */
  keys: z.array(z.string()),
  /** A hash of each field as the data had it. */
  fields: z.record(z.string(), z.string()),
});

/** Undefined for a series that was imported before there were records, or that was not imported. */
export function parseImportRecord(value: unknown): ImportRecord | undefined {
  return value === null ? undefined : recordSchema.parse(value);
}

function columnsOf(series: BangumiSeries): ImportedColumns {
  return {
    title: series.title,
    title_language: series.titleLanguage,
    title_native: series.titleNative,
    native_language: series.nativeLanguage,
    synonyms: series.synonyms,
    kind: series.kind,
    season_year: series.seasonYear,
    season: series.season,
    begins_at: series.beginsAt,
    ends_at: series.endsAt,
    broadcast: series.broadcast,
    links: series.links,
    note: series.note,
  };
}

export function recordOf(series: BangumiSeries, before?: ImportRecord): ImportRecord {
  const columns = columnsOf(series);
  return {
    keys: [...new Set([...(before?.keys ?? []), ...series.keys])],
    fields: Object.fromEntries(FIELD_NAMES.map((field) => [field, hashOf(columns, field)])),
  };
}

/**
 * The columns that the data has otherwise and nobody has edited.
 * @param before what the last import knew; undefined for one that kept no record
 * @param now what this import knows
 */
export function updatesOf(
  present: ImportedColumns & { readonly version: number },
  series: BangumiSeries,
  { before, now }: { readonly before: ImportRecord | undefined; readonly now: ImportRecord },
): Partial<ImportedColumns> {
  const wanted = columnsOf(series);
  const changed = FIELD_NAMES.filter((field) => {
    const hash = hashOf(present, field);
    return hash !== now.fields[field] && isUntouched(field, hash, present.version, before);
  });
  return Object.fromEntries(
    changed.flatMap((field) => FIELDS[field].map((column) => [column, wanted[column]])),
  );
}

function isUntouched(field: Field, hash: string, version: number, before: ImportRecord | undefined): boolean {
  if (before) return before.fields[field] === hash;
  return version === 1 || NEVER_EDITED.includes(field);
}

function hashOf(columns: ImportedColumns, field: Field): string {
  // jsonb keeps the keys of a link in an order of its own.
  const values =
    field === 'links'
      ? columns.links.map((link) => Object.entries(link).sort(([a], [b]) => (a < b ? -1 : 1)))
      : FIELDS[field].map((column) => columns[column]);
  return createHash('sha1').update(JSON.stringify(values)).digest('base64').slice(0, 16);
}
