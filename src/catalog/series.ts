import anyAscii from 'any-ascii';
import { z } from 'zod';
import { languageTag, line, paragraphs, requiredLine } from './input';

export const SERIES_KINDS = ['tv', 'movie', 'ova', 'web'] as const;
export type SeriesKind = (typeof SERIES_KINDS)[number];

/** In the order of the year. */
export const SEASONS = ['winter', 'spring', 'summer', 'fall'] as const;
export type Season = (typeof SEASONS)[number];

/** A page about the series elsewhere. */
export type SeriesLink = {
  readonly title: string;
  readonly url: string;
  /** `official`: the series' own site; `onair`: where it can be watched; `info`: a database. */
  readonly kind: 'official' | 'onair' | 'info';
  /** ISO 3166 codes of the countries in which it can be watched; empty: everywhere. */
  readonly regions?: readonly string[];
  /** When it begins there (ISO 8601), and in which rhythm it goes on (`R/<begin>/P7D`). */
  readonly beginsAt?: string;
  readonly broadcast?: string;
  readonly note?: string;
};

/** What can be edited of a series. */
export type SeriesInput = z.output<typeof seriesSchema>;

/** A series as admins and scripts see it. */
export type Series = SeriesInput & {
  readonly id: string;
  readonly slug: string;
  readonly links: readonly SeriesLink[];
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_SLUG_LENGTH = 100;

const fields = {
  title: requiredLine(300),
  /** Guessed from the script when it is not given. */
  titleLanguage: languageTag.optional(),
  titleNative: line(300)
    .nullable()
    .default(null)
    .transform((value) => value || null),
  nativeLanguage: languageTag.nullable().default(null),
  /** Made from the title when it is not given. */
  slug: z
    .string('Must be text.')
    .trim()
    .max(MAX_SLUG_LENGTH, `Must have at most ${MAX_SLUG_LENGTH} characters.`)
    .regex(SLUG, 'Must be words of a–z and 0–9 joined by single hyphens.')
    .optional(),
  synonyms: z
    .array(requiredLine(300), 'Must be a list of titles.')
    .max(50, 'Must have at most 50 titles.')
    .default([])
    .transform((titles) => [...new Set(titles)]),
  synopsis: paragraphs(10_000).default(''),
  kind: z.enum(SERIES_KINDS, 'Must be tv, movie, ova or web.').default('tv'),
  seasonYear: z
    .int('Must be a year such as 2026.')
    .min(1900, 'Must be a year from 1900 to 2999.')
    .max(2999, 'Must be a year from 1900 to 2999.')
    .nullable()
    .default(null),
  season: z.enum(SEASONS, 'Must be winter, spring, summer or fall.').nullable().default(null),
  visible: z.boolean('Must be true or false.').default(true),
};

export const seriesSchema = z
  .strictObject(fields)
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

/** A slug for the title, in ASCII whatever its script; `series` when nothing of it can be written in ASCII. */
export function slugFromTitle(title: string): string {
  const words = anyAscii(title.normalize('NFKC'))
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH - 5)
    // There are only single ones left.
    .replace(/^-|-$/g, '');
  return words || 'series';
}

/** The slug with `-2` or the like behind it, shortened so that the whole is none that is too long. */
export function slugWithSuffix(slug: string, suffix: string): string {
  return slug.slice(0, MAX_SLUG_LENGTH - suffix.length).replace(/-$/, '') + suffix;
}
