import { z } from 'zod';
import { isStorableText } from '../../platform/text';
import { type Fields, field, toAnswer, type ValuesOf } from '../../web/fields';
import { instant, line, paragraphs } from '../../web/input';
import { EPISODE_FIELDS, type EpisodeKind, episodeName } from '../episodes/fields';
import { SERIES_FIELDS, slugSchema } from '../series/fields';

/** What no form shows; the labels stand in reports. */
const unseen = { control: { kind: 'input' } } as const;

/** Text of another site, which stays as it is. */
const foreignText = z
  .string('Must be text.')
  .max(2_048, 'Must have at most 2048 characters.')
  .refine(isStorableText, 'Must not contain U+0000 or half a character.');

const time = (label: string, column: string) =>
  field(instant.nullable(), {
    ...unseen,
    label,
    column,
    initial: null,
    answer: z.iso.datetime().nullable(),
  });

/**
 * What a file says of a series besides what can be edited. A field that can be edited one day is taken from there, with all that is
 * said of it.
 */
export const SERIES_FILE_FIELDS = {
  note: field(paragraphs(10_000), {
    ...unseen,
    label: 'Note',
    column: 'note',
    initial: '',
    answer: z.string(),
  }),
  ...SERIES_FIELDS,
} as const satisfies Fields;

/** What a file says of an episode besides what can be edited: where it stands in the grid. */
export const EPISODE_FILE_FIELDS = {
  ...EPISODE_FIELDS,
  publishedAt: time('Published at', 'published_at'),
} as const satisfies Fields;

const createdAt = time('Added', 'created_at');

/** What is taken over once, when the series is made: its history. */
export const SERIES_ORIGIN = {
  createdAt,
  formerSlugs: field(z.array(slugSchema, 'Must be a list of addresses.').max(1_000), {
    ...unseen,
    label: 'Former addresses',
    initial: [],
    answer: z.array(z.string()),
  }),
  source: field(line(300).nullable(), {
    ...unseen,
    label: 'Source',
    column: 'source',
    initial: null,
    answer: z.string().nullable(),
  }),
  imported: field(
    z
      .strictObject(
        { keys: z.array(foreignText).max(1_000), fields: z.record(z.string().max(100), foreignText) },
        'Must be what an import keeps of a series: keys and fields.',
      )
      .nullable(),
    {
      ...unseen,
      label: 'Import record',
      column: 'imported',
      initial: null,
      answer: z.unknown().nullable(),
    },
  ),
} as const satisfies Fields;

/** What is taken over once, when the episode is made. */
export const EPISODE_ORIGIN = {
  createdAt,
  /** Tells a new card from one that was public before. */
  firstPublicAt: time('First public', 'first_public_at'),
  importedAs: field(z.int('Must be a whole number.').min(1, 'Must be at least 1.').nullable(), {
    ...unseen,
    label: 'Imported as broadcast',
    column: 'imported_as',
    initial: null,
    answer: z.int().nullable(),
  }),
  /** Nobody has edited it since it was imported. */
  isAsImported: field(z.boolean('Must be true or false.'), {
    ...unseen,
    label: 'Is as it was imported',
    initial: false,
    answer: z.boolean(),
  }),
} as const satisfies Fields;

export const RECORD_KINDS = ['series', 'episodes'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** What a file names the series of an episode by. */
export const SERIES_NAME = 'series';

/** All that a record of the kind may have, in the order of the file. */
export const FILE_FIELDS: Readonly<Record<RecordKind, Fields>> = {
  series: firstOf({ ...SERIES_FILE_FIELDS, ...SERIES_ORIGIN }, ['slug', ...Object.keys(SERIES_FIELDS)]),
  episodes: firstOf(
    {
      [SERIES_NAME]: field(slugSchema, { ...unseen, label: 'Series', answer: z.string() }),
      ...EPISODE_FILE_FIELDS,
      ...EPISODE_ORIGIN,
    },
    [SERIES_NAME, 'kind', 'number'],
  ),
};

function firstOf(fields: Fields, names: readonly string[]): Fields {
  const first = names.flatMap((name) => (fields[name] ? [[name, fields[name]] as const] : []));
  return { ...Object.fromEntries(first), ...fields };
}

export const VIDEO_SERVER_FIELDS = EPISODE_FIELDS.videoServers.control.fields;

/** A record of a file, before it is looked at. */
export type RawRecord = Readonly<Record<string, unknown>>;

export type SeriesValues = ValuesOf<typeof SERIES_FILE_FIELDS & typeof SERIES_ORIGIN>;
export type EpisodeValues = ValuesOf<typeof EPISODE_FILE_FIELDS & typeof EPISODE_ORIGIN>;

export function seriesRecord(values: SeriesValues): RawRecord {
  return inOrder('series', toAnswer({ ...SERIES_FILE_FIELDS, ...SERIES_ORIGIN }, values));
}

/** Servers have no ids here: those of one site mean nothing to another. */
export function episodeRecord(series: string, values: EpisodeValues): RawRecord {
  return inOrder('episodes', {
    [SERIES_NAME]: series,
    ...toAnswer({ ...EPISODE_FILE_FIELDS, ...EPISODE_ORIGIN }, values),
    videoServers: values.videoServers.map((server) => toAnswer(VIDEO_SERVER_FIELDS, server)),
  });
}

function inOrder(kind: RecordKind, values: RawRecord): RawRecord {
  return Object.fromEntries(Object.keys(FILE_FIELDS[kind]).map((name) => [name, values[name]]));
}

/** `Episode 12 of “Frieren”`, as the journal has it. */
export function episodeText(
  seriesTitle: string,
  episode: { readonly kind: EpisodeKind; readonly number: string },
): string {
  return episodeName({ ...episode, seriesTitle });
}
