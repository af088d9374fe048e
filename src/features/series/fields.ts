import { z } from 'zod';
import { parseWholeNumber, toHalfWidth } from '../../platform/text';
import { capitalised, field, newShape } from '../../web/fields';
import { orNull, orUndefined } from '../../web/form';
import {
  externalId,
  INSTANT_ERROR,
  instant,
  languageTag,
  line,
  paragraphs,
  requiredLine,
} from '../../web/input';
import { readTime, writeTime } from '../../web/time-zone';
import { ENGLISH, type Words } from '../../web/words';
import { imageField } from '../images/fields';
import { parseBroadcastRule } from './broadcast-rule';
import { broadcastText, JAPAN, parseBroadcastText } from './broadcast-text';
import { GENRES, genreLabel, genresSchema } from './genres';
import { LINK_FIELDS, linksAnswer, linksSchema, linksText } from './links';
import { MAX_SLUG_LENGTH, SLUG } from './slug';

export { GENRES, type Genre, genreLabel } from './genres';
export type { SeriesLink } from './links';

export const SERIES_KINDS = ['tv', 'movie', 'ova', 'web'] as const;
export type SeriesKind = (typeof SERIES_KINDS)[number];

export function kindLabel(kind: SeriesKind, { t }: Words): string {
  return t(`kind.${kind}`);
}

/** In the order of the year. */
export const SEASONS = ['winter', 'spring', 'summer', 'fall'] as const;
export type Season = (typeof SEASONS)[number];

/** What stands for a series in addresses. */
export const slugSchema = z
  .string('Must be text.')
  .trim()
  .max(MAX_SLUG_LENGTH, `Must have at most ${MAX_SLUG_LENGTH} characters.`)
  .regex(SLUG, 'Must be words of a–z and 0–9 joined by single hyphens.');

const BROADCAST_ERROR =
  'Must be a first time and a rhythm, such as R/2026-04-05T14:15:00.000Z/P7D (D: days, M: months, P0D: once).';

/** A time of a series, which is one in Japan. */
const timeInJapan = (label: string, help: string, column: 'begins_at' | 'ends_at') =>
  field(instant.nullable(), {
    label,
    help,
    section: 'broadcast',
    control: { kind: 'input', type: 'datetime-local', zone: JAPAN, modifier: 'wide' },
    column,
    initial: null,
    answer: z.iso.datetime().nullable(),
    toText: (time: Date | null) => (time === null ? '' : writeTime(time, JAPAN)),
    fromText: (text: string) => {
      const typed = toHalfWidth(text).trim();
      const time = readTime(typed, JAPAN);
      return typed === '' ? null : time.type === 'time' ? time.at.toISOString() : typed;
    },
    inForm: (message: string) =>
      message === INSTANT_ERROR
        ? 'Must be a date and time in the years 1900 to 9999, such as 2026-11-23T23:15.'
        : message,
  });

const YEAR_ERROR = 'Must be a year from 1900 to 2999.';

/** What can be edited of a series: all that is said about a field is said here. */
export const SERIES_FIELDS = {
  title: field(requiredLine(300), {
    label: 'Title',
    required: true,
    section: 'titles',
    control: { kind: 'input', modifier: 'wide' },
    column: 'title',
    answer: z.string(),
  }),
  /** Guessed from the script when it is not given. */
  titleLanguage: field(languageTag.optional(), {
    label: 'Language of the title',
    help: 'Guessed when empty',
    section: 'titles',
    control: { kind: 'input', list: 'language-tags', code: true },
    column: 'title_language',
    answer: z.string(),
    fromText: orUndefined,
  }),
  titleNative: field(
    line(300)
      .nullable()
      .transform((value) => value || null),
    {
      label: 'Original title',
      section: 'titles',
      control: { kind: 'input', modifier: 'wide' },
      column: 'title_native',
      initial: null,
      answer: z.string().nullable(),
    },
  ),
  nativeLanguage: field(languageTag.nullable(), {
    label: 'Language of the original title',
    help: 'Guessed when empty',
    section: 'titles',
    control: { kind: 'input', list: 'language-tags', code: true },
    column: 'native_language',
    initial: null,
    answer: z.string().nullable(),
    fromText: orNull,
  }),
  synonyms: field(
    z
      .array(requiredLine(300), 'Must be a list of titles.')
      .max(50, 'Must have at most 50 titles.')
      .transform((titles) => [...new Set(titles)]),
    {
      label: 'Other titles',
      help: 'One a line; search finds them',
      section: 'titles',
      control: { kind: 'textarea', rows: 3, modifier: 'full' },
      column: 'synonyms',
      initial: [],
      answer: z.array(z.string()),
      toText: (titles) => titles.join('\n'),
      fromText: (text) => text.split('\n').filter((title) => title.trim() !== ''),
    },
  ),
  /** Made from the title when it is not given. */
  slug: field(slugSchema.optional(), {
    label: 'Address',
    help: 'What stands in links, after /series/. Made from the title when empty. The one before leads on to it.',
    section: 'titles',
    control: { kind: 'input', code: true, modifier: 'full' },
    column: 'slug',
    answer: z.string(),
    fromText: orUndefined,
  }),
  kind: field(z.enum(SERIES_KINDS, 'Must be tv, movie, ova or web.'), {
    label: 'Kind',
    section: 'about',
    control: {
      kind: 'select',
      options: SERIES_KINDS.map((value) => ({ value, label: kindLabel(value, ENGLISH) })),
    },
    column: 'kind',
    initial: 'tv',
    answer: z.enum(SERIES_KINDS),
  }),
  season: field(z.enum(SEASONS, 'Must be winter, spring, summer or fall.').nullable(), {
    label: 'Season',
    section: 'about',
    control: { kind: 'select', options: [{ value: '', label: 'None' }, ...capitalised(SEASONS)] },
    column: 'season',
    initial: null,
    answer: z.enum(SEASONS).nullable(),
    fromText: orNull,
  }),
  seasonYear: field(
    z.int('Must be a year such as 2026.').min(1900, YEAR_ERROR).max(2999, YEAR_ERROR).nullable(),
    {
      label: 'Year',
      section: 'about',
      control: { kind: 'input', inputmode: 'numeric' },
      column: 'season_year',
      initial: null,
      answer: z.int().nullable(),
      fromText: (text) => (text.trim() === '' ? null : parseWholeNumber(text)),
    },
  ),
  genres: field(genresSchema, {
    label: 'Genres',
    help: `One a line: ${GENRES.map((genre) => genreLabel(genre, ENGLISH)).join(', ')}`,
    section: 'about',
    control: { kind: 'textarea', rows: 3, modifier: 'full' },
    column: 'genres',
    initial: [],
    answer: z.array(z.enum(GENRES)),
    toText: (genres) => genres.map((genre) => genreLabel(genre, ENGLISH)).join('\n'),
    fromText: (text) => text.split(/[\n,]/).filter((genre) => genre.trim() !== ''),
  }),
  synopsis: field(paragraphs(10_000), {
    label: 'Synopsis',
    section: 'about',
    control: { kind: 'textarea', rows: 6, modifier: 'full' },
    column: 'synopsis',
    initial: '',
    answer: z.string(),
  }),
  broadcast: field(
    line(100)
      .transform((rule) => rule || null)
      .nullable()
      .refine((rule) => rule === null || parseBroadcastRule(rule) !== undefined, BROADCAST_ERROR),
    {
      label: 'Broadcast',
      section: 'rule',
      control: { kind: 'input' },
      column: 'broadcast',
      initial: null,
      answer: z.string().nullable(),
      toText: broadcastText,
      fromText: parseBroadcastText,
      inForm: (message) =>
        message === BROADCAST_ERROR ? 'Must be a day and a time, and how often from then on.' : message,
    },
  ),
  beginsAt: timeInJapan('Begins', 'The first broadcast when empty', 'begins_at'),
  endsAt: timeInJapan('Ends', 'The last broadcast, if it is known', 'ends_at'),
  /** What an upload is called, for a 2:3 picture. */
  poster: imageField('poster', {
    label: 'Poster',
    help: 'Upright: its middle is shown in the shape 2:3. JPEG, PNG, WebP, AVIF or GIF, up to 10 MB. Without one, a picture is drawn.',
    section: 'picture',
    column: 'poster_image',
  }),
  visible: field(z.boolean('Must be true or false.'), {
    label: 'Visible on the site',
    help: 'A hidden series hides its episodes, too.',
    section: 'publishing',
    control: { kind: 'switch' },
    column: 'visible',
    initial: true,
    answer: z.boolean(),
  }),
  externalId: field(externalId, {
    label: 'External id',
    help: 'What another system knows it by; for scripts',
    section: 'publishing',
    control: { kind: 'input', code: true },
    column: 'external_id',
    initial: null,
    answer: z.string().nullable(),
  }),
  links: field(linksSchema, {
    label: 'Links',
    help: 'Pages about it elsewhere, in the order in which visitors see them. Rows that are left empty are not saved.',
    control: { kind: 'rows', rowLabel: 'Link', fields: LINK_FIELDS, key: 'url' },
    column: 'links',
    toColumn: JSON.stringify,
    initial: [],
    answer: linksAnswer,
    toText: linksText,
  }),
} as const;

/** What can be edited of a series. */
export type SeriesInput = z.output<typeof seriesSchema>;

/** A series as admins and scripts see it. */
export type Series = Readonly<SeriesInput> & {
  readonly id: string;
  readonly slug: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** What is parsed, before what was left out is guessed. */
export const newSeriesSchema = z.strictObject(newShape(SERIES_FIELDS));

export const seriesSchema = newSeriesSchema
  .superRefine(({ season, seasonYear }, context) => {
    if (season !== null && seasonYear === null) {
      context.addIssue({
        code: 'custom',
        path: ['seasonYear'],
        message: 'Is required when a season is given.',
      });
    }
    if (season === null && seasonYear !== null) {
      context.addIssue({ code: 'custom', path: ['season'], message: 'Is required when a year is given.' });
    }
  })
  .transform(({ titleLanguage, nativeLanguage, ...series }) => ({
    ...series,
    titleLanguage: titleLanguage ?? guessLanguage(series.title),
    nativeLanguage:
      series.titleNative === null ? null : (nativeLanguage ?? guessLanguage(series.titleNative)),
  }));

/** The most likely BCP 47 tag of a text about anime, from its script. Han alone can be two languages: `han` decides. */
export function guessLanguage(title: string, han: 'ja' | 'zh' = 'ja'): string {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(title)) return 'ja';
  if (/\p{Script=Hangul}/u.test(title)) return 'ko';
  return /\p{Script=Han}/u.test(title) ? han : 'en';
}

/** `2026-fall`, as in addresses */
export function seasonKey(year: number, season: Season): string {
  return `${year}-${season}`;
}

/** Undefined when the text is none. */
export function parseSeasonKey(text: string): { readonly year: number; readonly season: Season } | undefined {
  const [, year, name] = /^([12][0-9]{3})-([a-z]+)$/.exec(text) ?? [];
  const season = SEASONS.find((each) => each === name);
  return year && season ? { year: Number(year), season } : undefined;
}

/** `Fall 2026` */
export function seasonLabel(year: number, season: Season, { t }: Words): string {
  return t(`season.${season}`, { year });
}

export function seriesPath(slug: string): string {
  return `/series/${slug}`;
}
