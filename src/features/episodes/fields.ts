import { z } from 'zod';
import { capitalised, field, newShape } from '../../web/fields';
import {
  databaseId,
  externalId,
  type FieldError,
  INSTANT_ERROR,
  instant,
  line,
  orRequired,
  paragraphs,
  refuse,
} from '../../web/input';
import { UTC } from '../../web/time-zone';
import { ENGLISH, type Words } from '../../web/words';
import { imageField } from '../images/fields';
import { type SeriesKind, seriesPath } from '../series/fields';
import {
  durationText,
  parseDuration,
  parseEpisodeNumber,
  parseSpan,
  parseTime,
  shortestNumber,
  spanText,
  timeText,
} from './typed-text';
import {
  VIDEO_SERVER_FIELDS,
  type VideoServer,
  videoServerAnswer,
  videoServersSchema,
  videoServersText,
} from './video-server';

export type { VideoServer, VideoServerInput } from './video-server';

export const EPISODE_KINDS = ['regular', 'special'] as const;
export type EpisodeKind = (typeof EPISODE_KINDS)[number];

export const EPISODE_STATUSES = ['draft', 'scheduled', 'published', 'hidden'] as const;
export type EpisodeStatus = (typeof EPISODE_STATUSES)[number];

const NUMBER_ERROR = 'Must be a number from 0 to 99999.99, such as 12 or 12.5.';

/** numeric(7,2) in its shortest form; a string, since a JSON number and a form field both fit. */
const episodeNumber = z
  .union([z.string(), z.number().transform(String)], orRequired(NUMBER_ERROR))
  .transform((typed, context) => parseEpisodeNumber(typed) ?? refuse(context, NUMBER_ERROR));

export { parseEpisodeNumber, shortestNumber } from './typed-text';

const INTRO_ERROR =
  'Must be startSeconds and endSeconds: whole seconds of the video, the second after the first.';
const introSecond = z.int(INTRO_ERROR).min(0, INTRO_ERROR).max(86_400, INTRO_ERROR);

const STILL_TO_COME =
  'Is still to come, but the status is published. Empty it to publish now, or choose scheduled.';
const HAS_PASSED = 'Has passed already. Choose a time to come, or the status published.';

/** The form has a control for both. */
const TIME_IN_FORM: Readonly<Record<string, string>> = {
  [INSTANT_ERROR]: 'Must be a date and time in the years 1900 to 9999, such as 2026-11-23T09:30.',
  [STILL_TO_COME]: 'Is still to come, but “Now” is chosen. Publish now, or choose “At”.',
  [HAS_PASSED]: 'Has passed. Publish now, or choose a time to come.',
};

/** What can be edited of an episode: all that is said about a field is said here. */
export const EPISODE_FIELDS = {
  number: field(episodeNumber, {
    label: 'Number',
    help: 'Such as 12 or 12.5',
    required: true,
    section: 'episode',
    control: { kind: 'input', inputmode: 'decimal' },
    column: 'number',
    fromColumn: shortestNumber,
    answer: z.number(),
    toAnswer: Number,
  }),
  kind: field(z.enum(EPISODE_KINDS, 'Must be regular or special.'), {
    label: 'Kind',
    section: 'episode',
    control: { kind: 'select', options: capitalised(EPISODE_KINDS) },
    column: 'kind',
    initial: 'regular',
    answer: z.enum(EPISODE_KINDS),
  }),
  durationSeconds: field(
    z
      .int('Must be a whole number of seconds.')
      .min(1, 'Must be at least 1 second.')
      .max(86_400, 'Must be at most 86400 seconds (a day).')
      .nullable(),
    {
      label: 'Duration',
      help: '24, 24:00 or 1:42:00',
      section: 'episode',
      control: { kind: 'input' },
      inputName: 'duration',
      column: 'duration_seconds',
      initial: null,
      answer: z.int().nullable(),
      toText: durationText,
      fromText: parseDuration,
      inForm: () => 'Must be a duration of at most a day: minutes such as 24 or 24:00, or 1:42:00.',
    },
  ),
  intro: field(
    z
      .strictObject({ startSeconds: introSecond, endSeconds: introSecond }, INTRO_ERROR)
      .refine(({ startSeconds, endSeconds }) => startSeconds < endSeconds, INTRO_ERROR)
      .nullable(),
    {
      label: 'Intro',
      help: 'From and to, 1:30–3:00; viewers can skip it',
      section: 'episode',
      control: { kind: 'input' },
      column: 'intro',
      initial: null,
      answer: z.strictObject({ startSeconds: z.int(), endSeconds: z.int() }).nullable(),
      toText: spanText,
      fromText: parseSpan,
      inForm: () => 'Must be where it begins and where it ends, such as 1:30–3:00.',
    },
  ),
  title: field(line(300), {
    label: 'Title',
    help: 'Often there is none',
    section: 'episode',
    control: { kind: 'input', modifier: 'full' },
    column: 'title',
    initial: '',
    answer: z.string(),
  }),
  videoServers: field(videoServersSchema, {
    label: 'Video servers',
    help: 'Sources of the same episode, in the order in which viewers are offered them. Rows that are left empty are not saved.',
    control: { kind: 'rows', rowLabel: 'Server', fields: VIDEO_SERVER_FIELDS },
    initial: [],
    answer: z.array(videoServerAnswer),
    toText: videoServersText,
  }),
  synopsis: field(paragraphs(10_000), {
    label: 'Synopsis',
    section: 'text',
    control: { kind: 'textarea', rows: 4 },
    column: 'synopsis',
    initial: '',
    answer: z.string(),
  }),
  /** What an upload is called, for a 16:9 picture. */
  still: imageField('still', {
    label: 'Still',
    help: 'Wide: its middle is shown in the shape 16:9. JPEG, PNG, WebP, AVIF or GIF, up to 10 MB. Without one, a picture is drawn.',
    section: 'picture',
    column: 'still_image',
  }),
  status: field(z.enum(EPISODE_STATUSES, 'Must be draft, scheduled, published or hidden.'), {
    label: 'Status',
    control: { kind: 'select', options: capitalised(EPISODE_STATUSES) },
    column: 'status',
    initial: 'draft',
    answer: z.enum(EPISODE_STATUSES),
  }),
  publishAt: field(instant.nullable(), {
    label: 'Publish at',
    control: { kind: 'input', type: 'datetime-local', utc: true, modifier: 'publish-at' },
    // The form has it in the time zone of its own. Its text is that of UTC, as the form of the version before took it.
    inputName: 'publishTime',
    column: 'publish_at',
    initial: null,
    answer: z.iso.datetime().nullable(),
    toText: (time) => timeText(time, UTC),
    fromText: (text) => parseTime(text, UTC),
    inForm: (message) => TIME_IN_FORM[message] ?? message,
  }),
  announced: field(z.boolean('Must be true or false.'), {
    label: 'Announce in the schedule',
    help: 'While it is scheduled, anybody may see its series, kind, number and time, and nothing else of it.',
    section: 'publishing',
    control: { kind: 'switch' },
    column: 'announced',
    initial: false,
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
} as const;

/** What the journal keeps of an episode: besides its fields what follows from them. */
export const EPISODE_FACTS = {
  ...EPISODE_FIELDS,
  publishedAt: field(instant.nullable(), {
    label: 'Published at',
    control: { kind: 'input', utc: true },
    answer: z.iso.datetime().nullable(),
    toText: (time) => timeText(time, UTC),
  }),
} as const;

/** What can be edited of an episode. */
export type EpisodeInput = z.output<typeof episodeSchema>;

/** An episode as admins and scripts see it. */
export type Episode = Readonly<Omit<EpisodeInput, 'videoServers'>> & {
  readonly id: string;
  readonly seriesId: string;
  readonly seriesTitle: string;
  readonly seriesTitleLanguage: string;
  readonly seriesSlug: string;
  readonly seriesVisible: boolean;
  readonly publishedAt: Date | null;
  readonly version: number;
  readonly deletedAt: Date | null;
  readonly videoServers: readonly VideoServer[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** Looked at also when other fields are wrong: all that is to be mended is told at once. */
const timeWhenScheduled = {
  path: ['publishAt'],
  error: 'Is required for a scheduled episode.',
  when: () => true,
};

/** @param given may be anything at all, since this is asked of what is no object, too */
function hasTimeWhenScheduled(given: unknown): boolean {
  const { status, publishAt }: Partial<Record<string, unknown>> = Object(given);
  return status !== 'scheduled' || (publishAt !== null && publishAt !== undefined);
}

export const episodeSchema = z
  .strictObject(newShape(EPISODE_FIELDS))
  .refine(hasTimeWhenScheduled, timeWhenScheduled);

export const newEpisodeSchema = z
  .strictObject({ seriesId: databaseId, ...episodeSchema.shape })
  .refine(hasTimeWhenScheduled, timeWhenScheduled);

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
      message: STILL_TO_COME,
    };
  }
  if (status === 'scheduled' && waitMs < -LATE_MS) {
    return {
      field: 'publishAt',
      message: HAS_PASSED,
    };
  }
  return undefined;
}

type EpisodeAddress = { readonly kind: EpisodeKind; readonly number: string };

/** Path of the watch page: `/series/<slug>/episodes/12.5`. */
export function episodePath(episode: EpisodeAddress & { readonly seriesSlug: string }): string {
  return `${seriesPath(episode.seriesSlug)}/${episode.kind === 'regular' ? 'episodes' : 'specials'}/${episode.number}`;
}

/** `Episode 12 of “Frieren”`, for the back office. */
export function episodeName(episode: EpisodeAddress & { readonly seriesTitle: string }): string {
  return `${episodeLabel(episode, ENGLISH)} of “${episode.seriesTitle}”`;
}

/** `Episode 12`, `Special 1`; of a movie `Movie`, and `Part 2` where it goes on. */
export function episodeLabel(
  { kind, number, seriesKind }: EpisodeAddress & { readonly seriesKind?: SeriesKind },
  { t }: Words,
): string {
  const isMovie = seriesKind === 'movie' && kind === 'regular';
  if (isMovie && number === '1') return t('episode.movie');
  return t(isMovie ? 'episode.part' : `episode.${kind}`, { number: Number(number) });
}
