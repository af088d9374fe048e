import { z } from 'zod';
import { toHalfWidth } from '../platform/text';
import { databaseId, type FieldError, instant, line, orRequired, paragraphs, refuse } from './input';
import { type VideoServer, videoServersSchema } from './video-server';

export const EPISODE_KINDS = ['regular', 'special'] as const;
export type EpisodeKind = (typeof EPISODE_KINDS)[number];

export const EPISODE_STATUSES = ['draft', 'scheduled', 'published', 'hidden'] as const;
export type EpisodeStatus = (typeof EPISODE_STATUSES)[number];

/** What can be edited of an episode. */
export type EpisodeInput = z.output<typeof episodeSchema>;

/** An episode as admins and scripts see it. */
export type Episode = {
  readonly id: string;
  readonly seriesId: string;
  readonly seriesTitle: string;
  readonly seriesSlug: string;
  readonly kind: EpisodeKind;
  /** Shortest decimal form: `12`, `12.5`. */
  readonly number: string;
  readonly title: string;
  readonly synopsis: string;
  readonly durationSeconds: number | null;
  readonly status: EpisodeStatus;
  readonly publishAt: Date | null;
  readonly publishedAt: Date | null;
  readonly version: number;
  readonly deletedAt: Date | null;
  readonly videoServers: readonly VideoServer[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const NUMBER_ERROR = 'Must be a number from 0 to 99999.99, such as 12 or 12.5.';

/** numeric(7,2) in its shortest form; a string, since a JSON number and a form field both fit. */
const episodeNumber = z
  .union([z.string(), z.number().transform(String)], orRequired(NUMBER_ERROR))
  .transform((typed, context) => parseEpisodeNumber(typed) ?? refuse(context, NUMBER_ERROR));

/** `０１２，５０` → `12.5`, the one way in which a number is written; undefined for text that is none. */
export function parseEpisodeNumber(text: string): string | undefined {
  const decimal = toHalfWidth(text).trim().replace(',', '.');
  return /^[0-9]{1,5}(\.[0-9]{1,2})?$/.test(decimal) ? shortestNumber(decimal) : undefined;
}

/** `012.50` → `12.5` */
export function shortestNumber(decimal: string): string {
  return String(Number(decimal));
}

const fields = {
  kind: z.enum(EPISODE_KINDS, 'Must be regular or special.'),
  number: episodeNumber,
  title: line(300),
  synopsis: paragraphs(10_000),
  durationSeconds: z
    .int('Must be a whole number of seconds.')
    .min(1, 'Must be at least 1 second.')
    .max(86_400, 'Must be at most 86400 seconds (a day).')
    .nullable(),
  status: z.enum(EPISODE_STATUSES, 'Must be draft, scheduled, published or hidden.'),
  publishAt: instant.nullable(),
  videoServers: videoServersSchema,
};

/** Looked at also when other fields are wrong: all that is to be mended is told at once. */
const timeWhenScheduled = {
  path: ['publishAt'],
  error: 'Is required for a scheduled episode.',
  when: () => true,
};

function hasTimeWhenScheduled({
  status,
  publishAt,
}: {
  readonly status?: unknown;
  readonly publishAt?: unknown;
}): boolean {
  return status !== 'scheduled' || (publishAt !== null && publishAt !== undefined);
}

export const episodeSchema = z
  .strictObject({
    ...fields,
    kind: fields.kind.default('regular'),
    title: fields.title.default(''),
    synopsis: fields.synopsis.default(''),
    durationSeconds: fields.durationSeconds.default(null),
    status: fields.status.default('draft'),
    publishAt: fields.publishAt.default(null),
    videoServers: fields.videoServers.default([]),
  })
  .refine(hasTimeWhenScheduled, timeWhenScheduled);

export const newEpisodeSchema = z
  .strictObject({ seriesId: databaseId, ...episodeSchema.shape })
  .refine(hasTimeWhenScheduled, timeWhenScheduled);

/** What a script may change: any of the fields, and the version it thinks it changes. */
export const episodePatchSchema = z
  .strictObject({ version: z.int('Must be a whole number.'), ...fields })
  .partial();

type Publication = Pick<Episode, 'status' | 'publishAt'>;

/** A form knows minutes alone, and the clock of a script may be a little off. */
const LATE_MS = 60_000;

/**
 * What is wrong with when an episode is to be published: a status and a time that contradict each other would publish it at
 * once, or at a place of the grid where nobody looks. Only where they are new: one whose time has just come can be edited.
 */
export function publicationProblem(
  next: Publication,
  current: Publication | undefined,
  now: Date,
): FieldError | undefined {
  const { status, publishAt } = next;
  const isKept = status === current?.status && publishAt?.getTime() === current.publishAt?.getTime();
  if (publishAt === null || isKept) return undefined;
  const waitMs = publishAt.getTime() - now.getTime();
  if (status === 'published' && waitMs > 0) {
    return {
      field: 'publishAt',
      message: 'Is still to come, but the status is published. Empty it to publish now, or choose scheduled.',
    };
  }
  if (status === 'scheduled' && waitMs < -LATE_MS) {
    return {
      field: 'publishAt',
      message: 'Has passed already. Choose a time to come, or the status published.',
    };
  }
  return undefined;
}

type EpisodeAddress = { readonly kind: EpisodeKind; readonly number: string };

/** Path of the watch page: `/series/<slug>/episodes/12.5`. */
export function episodePath(episode: EpisodeAddress & { readonly seriesSlug: string }): string {
  return `${seriesPath(episode.seriesSlug)}/${episode.kind === 'regular' ? 'episodes' : 'specials'}/${episode.number}`;
}

export function seriesPath(slug: string): string {
  return `/series/${slug}`;
}

/** `Episode 12`, `Special 1`. */
export function episodeLabel({ kind, number }: EpisodeAddress): string {
  return `${kind === 'regular' ? 'Episode' : 'Special'} ${number}`;
}
