import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { toJson } from '../../journal/changes';
import { type Field, type Fields, forPeople, patchShape, pick, toText } from '../../web/fields';
import { type FieldError, parseInput } from '../../web/input';
import {
  EPISODE_FIELDS,
  type EpisodeKind,
  episodeSchema,
  publicationProblem,
  type VideoServerInput,
} from '../episodes/fields';
import { identifyVideoServers, sameVideoServers } from '../episodes/public';
import { SERIES_FIELDS, seriesSchema } from '../series/fields';
import {
  EPISODE_FILE_FIELDS,
  EPISODE_ORIGIN,
  FILE_FIELDS,
  type RawRecord,
  type RecordKind,
  SERIES_FILE_FIELDS,
  SERIES_ORIGIN,
} from './catalog-fields';
import type { EpisodeRecord, SeriesRecord } from './catalog-rows';

/** What would become of a record. */
export type Plan<Known, Values> =
  | { readonly outcome: 'created'; readonly values: Values; readonly notes: readonly string[] }
  | {
      readonly outcome: 'changed';
      readonly known: Known;
      readonly values: Values;
      /** The fields that differ. */
      readonly changed: readonly string[];
      readonly notes: readonly string[];
    }
  | { readonly outcome: 'unchanged'; readonly known: Known }
  | Refusal;

export type Refusal = { readonly outcome: 'refused'; readonly errors: readonly FieldError[] };

export function refused(...errors: readonly FieldError[]): Refusal {
  return { outcome: 'refused', errors };
}

const SCHEMAS = {
  series: z.strictObject(patchShape(FILE_FIELDS.series)).partial(),
  episodes: z.strictObject(patchShape(FILE_FIELDS.episodes)).partial(),
} as const;

/** What a record gives, each field parsed by itself; what it doesn't name is not in it. */
export function parseRecord(
  kind: RecordKind,
  record: RawRecord,
):
  | { readonly ok: true; readonly value: RawRecord }
  | { readonly ok: false; readonly errors: readonly FieldError[] } {
  // Not left to the schema: an object with this name as its own is what JSON.parse makes of it.
  if (Object.hasOwn(record, '__proto__'))
    return { ok: false, errors: [{ field: '__proto__', message: 'There is no such field.' }] };
  return parseInput(SCHEMAS[kind], record);
}

/** What a new one has that says nothing of it. */
function initialOf(fields: Fields): RawRecord {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { initial }]) => (initial === undefined ? [] : [[name, initial]])),
  );
}

const NEW_SERIES = { ...initialOf(SERIES_FILE_FIELDS), ...initialOf(SERIES_ORIGIN) };
const NEW_EPISODE = { ...initialOf(EPISODE_FILE_FIELDS), ...initialOf(EPISODE_ORIGIN) };

function only(fields: Fields, values: RawRecord): RawRecord {
  return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(fields, name)));
}

function errorsOf(error: z.ZodError): readonly FieldError[] {
  return error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }));
}

export type SeriesPlanValues = RawRecord & {
  readonly title: string;
  readonly slug?: string | undefined;
  readonly poster: string | null;
};

/** @param known the series that it is, where there is one */
export function planSeriesRecord(
  given: RawRecord,
  known: SeriesRecord | undefined,
): Plan<SeriesRecord, SeriesPlanValues> {
  const before: RawRecord = known ?? NEW_SERIES;
  const editable = known
    ? { ...pick(SERIES_FIELDS, known), ...only(SERIES_FIELDS, given) }
    : only(SERIES_FIELDS, given);
  const checked = seriesSchema.safeParse(toJson(editable));
  if (!checked.success) return refused(...errorsOf(checked.error));
  const values: SeriesPlanValues = {
    ...before,
    ...(known ? only(SERIES_FILE_FIELDS, given) : given),
    ...checked.data,
  };
  if (!known) return { outcome: 'created', values, notes: [] };
  const changed = Object.keys(SERIES_FILE_FIELDS).filter(
    (name) => !isDeepStrictEqual(before[name], values[name]),
  );
  return changed.length === 0
    ? { outcome: 'unchanged', known }
    : { outcome: 'changed', known, values, changed, notes: [] };
}

export type EpisodePlanValues = RawRecord & {
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly still: string | null;
  readonly videoServers: readonly VideoServerInput[];
};

/** @param known the episode that it is, where there is one */
export function planEpisodeRecord(
  given: RawRecord,
  known: EpisodeRecord | undefined,
  now: Date,
): Plan<EpisodeRecord, EpisodePlanValues> {
  const before: RawRecord = known ?? NEW_EPISODE;
  const editable = known
    ? { ...pick(EPISODE_FIELDS, known), ...only(EPISODE_FIELDS, given) }
    : only(EPISODE_FIELDS, given);
  const checked = episodeSchema.safeParse(toJson(editable));
  if (!checked.success) return refused(...errorsOf(checked.error));
  const { data } = checked;
  const publishedAt = placeOf(data.status, given.publishedAt ?? known?.publishedAt, now);
  const isKept = publishedAt?.getTime() === known?.publishedAt?.getTime();
  if (publishedAt && !isKept && publishedAt.getTime() > now.getTime() + CLOCKS_APART_MS)
    return refused({
      field: 'publishedAt',
      message: 'Must not be to come: it stands at the top of the grid.',
    });
  const isLate = data.status === 'scheduled' && data.publishAt !== null && data.publishAt <= now;
  const problem = isLate ? undefined : publicationProblem(data, known, now);
  if (problem) return refused(problem);
  const videoServers = identifyVideoServers(known?.videoServers ?? [], data.videoServers);
  const values: EpisodePlanValues = {
    ...before,
    ...(known ? {} : given),
    ...data,
    publishedAt,
    videoServers,
    ...(data.status === 'scheduled' && { firstPublicAt: null }),
  };
  const notes = isLate ? ['Its time has passed: it is published at once.'] : [];
  if (!known) return { outcome: 'created', values, notes };
  const changed = Object.keys(EPISODE_FILE_FIELDS).filter((name) =>
    name === 'videoServers'
      ? !sameVideoServers(known.videoServers, videoServers)
      : !isDeepStrictEqual(before[name], values[name]),
  );
  return changed.length === 0
    ? { outcome: 'unchanged', known }
    : { outcome: 'changed', known, values, changed, notes };
}

/** The site that wrote the file may be a little ahead. */
const CLOCKS_APART_MS = 60_000;

/** When it came, which is its place in the grid. A file that says nothing of it takes nothing away. */
function placeOf(status: string, given: unknown, now: Date): Date | null {
  if (status === 'scheduled') return null;
  if (given instanceof Date) return given;
  return status === 'published' ? now : null;
}

/** A field that changes, in words. */
export type ChangeText = { readonly label: string; readonly before: string; readonly after: string };

const MAX_SHOWN = 300;

export function changeTexts(
  kind: RecordKind,
  {
    known,
    values,
    changed,
  }: { readonly known: RawRecord; readonly values: RawRecord; readonly changed: readonly string[] },
): readonly ChangeText[] {
  return changed.map((name) => {
    const field = FILE_FIELDS[kind][name];
    return {
      label: field?.label ?? name,
      before: field ? shown(field, known[name]) : '',
      after: field ? shown(field, values[name]) : '',
    };
  });
}

function shown(field: Field, value: unknown): string {
  const text = isPlain(field, value) ? forPeople(field, toText(field, value)) : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Whether there is a text of it. */
function isPlain({ toText: own }: Field, value: unknown): boolean {
  return own !== undefined || typeof value !== 'object' || value === null;
}

/** `number: Must be …`, as it stands in a file of what was refused. */
export function problemText({ field, message }: FieldError): string {
  const [name = '', index, ...rest] = field.split('.');
  // People count from 1, and so do the columns of a table.
  const path = /^\d+$/.test(index ?? '') ? [name, String(Number(index) + 1), ...rest] : field.split('.');
  return field === '' ? message : `${path.join('.')}: ${message}`;
}
