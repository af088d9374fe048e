import { EPISODE_KINDS, EPISODE_STATUSES, type Episode } from '../../catalog/episode';
import { type FieldError, INSTANT_ERROR } from '../../catalog/input';
import { VIDEO_SERVER_KINDS } from '../../catalog/video-server';
import { toHalfWidth } from '../../platform/text';
import { durationText } from '../card-view';
import { orUndefined, rowsOf, textOf } from './form';

/** What stands in the fields, as it was typed. */
export type EpisodeForm = {
  readonly kind: string;
  readonly number: string;
  readonly title: string;
  readonly synopsis: string;
  /** `24:00` */
  readonly duration: string;
  readonly status: string;
  /** `2026-11-23T09:30`, UTC: what `<input type="datetime-local">` has; finer where the time is */
  readonly publishAt: string;
  readonly videoServers: readonly VideoServerForm[];
  readonly version: string;
};

type VideoServerForm = {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly audioLanguage: string;
  readonly subtitleLanguage: string;
  readonly enabled: boolean;
};

/** For the selects of the form. */
export const EPISODE_CHOICES = {
  kinds: EPISODE_KINDS,
  statuses: EPISODE_STATUSES,
  serverKinds: VIDEO_SERVER_KINDS,
} as const;

/** Fields of the schema that have another name in the form. */
export const EPISODE_FIELD_NAMES = { durationSeconds: 'duration' } as const;

/** The schema speaks of seconds and of zones, the fields of minutes and seconds, and of UTC. */
export function inWordsOfForm(error: FieldError): FieldError {
  const { field, message } = error;
  if (field === 'durationSeconds') {
    return {
      field,
      message: 'Must be a duration of at most a day: minutes such as 24 or 24:00, or 1:42:00.',
    };
  }
  if (message === INSTANT_ERROR) {
    return { field, message: 'Must be a date and time in the years 1900 to 9999, such as 2026-11-23T09:30.' };
  }
  return error;
}

export const EMPTY_SERVER: VideoServerForm = {
  id: '',
  name: '',
  kind: 'embed',
  url: '',
  audioLanguage: 'ja',
  subtitleLanguage: '',
  enabled: true,
};

/** The form for a new episode; it follows the last one of the series. */
export function newEpisodeForm(last: Episode | undefined): EpisodeForm {
  return {
    kind: 'regular',
    number: last ? String(Math.floor(Number(last.number)) + 1) : '1',
    title: '',
    synopsis: '',
    duration: last ? durationText(last.durationSeconds) : '',
    status: 'published',
    publishAt: '',
    videoServers:
      last && last.videoServers.length > 0
        ? last.videoServers.map((server) => ({ ...serverForm(server), id: '', url: '', enabled: true }))
        : [EMPTY_SERVER],
    version: '',
  };
}

export function episodeForm(episode: Episode): EpisodeForm {
  return {
    kind: episode.kind,
    number: episode.number,
    title: episode.title,
    synopsis: episode.synopsis,
    duration: durationText(episode.durationSeconds),
    status: episode.status,
    publishAt: episode.publishAt ? formTime(episode.publishAt) : '',
    videoServers: episode.videoServers.map(serverForm),
    version: String(episode.version),
  };
}

/** To the minute, if nothing is lost by it. */
function formTime(time: Date): string {
  return time.toISOString().replace(/(:00)?(\.000)?Z$/, '');
}

/** `2026-11-23T09:30`, with seconds or without, as a time in UTC; other text as it is, for the schema to refuse. */
function parseFormTime(text: string): string {
  const typed = toHalfWidth(text).trim();
  const [, date, time, seconds = ':00'] = FORM_TIME.exec(typed) ?? [];
  return date === undefined ? typed : `${date}T${time}${seconds}Z`;
}
const FORM_TIME = /^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,3})?)?$/;

/**
 * The form with the seconds that its time had. The field is one of minutes: some browsers cut what is finer, and none lets
 * anybody change it.
 */
export function withKeptSeconds(form: EpisodeForm, { publishAt }: Pick<Episode, 'publishAt'>): EpisodeForm {
  const kept = publishAt ? formTime(publishAt) : '';
  return form.publishAt !== '' && form.publishAt === kept.slice(0, 16) ? { ...form, publishAt: kept } : form;
}

function serverForm(server: Episode['videoServers'][number]): VideoServerForm {
  return {
    ...server,
    audioLanguage: server.audioLanguage ?? '',
    subtitleLanguage: server.subtitleLanguage ?? '',
  };
}

export function episodeFormFromBody(body: unknown): EpisodeForm {
  return {
    kind: textOf(body, 'kind'),
    number: textOf(body, 'number'),
    title: textOf(body, 'title'),
    synopsis: textOf(body, 'synopsis'),
    duration: textOf(body, 'duration'),
    status: textOf(body, 'status'),
    publishAt: textOf(body, 'publishAt'),
    videoServers: rowsOf(body, 'videoServers').map((row) => ({
      id: textOf(row, 'id'),
      name: textOf(row, 'name'),
      kind: textOf(row, 'kind'),
      url: textOf(row, 'url'),
      audioLanguage: textOf(row, 'audioLanguage'),
      subtitleLanguage: textOf(row, 'subtitleLanguage'),
      enabled: textOf(row, 'enabled') !== '',
    })),
    version: textOf(body, 'version'),
  };
}

/** The form's fields in the shape that `episodeSchema` parses. Rows of servers that were left empty are dropped. */
export function episodeFormToInput(form: EpisodeForm): unknown {
  return {
    kind: form.kind,
    number: form.number,
    title: form.title,
    synopsis: form.synopsis,
    durationSeconds: parseDuration(form.duration),
    status: form.status,
    publishAt: form.publishAt.trim() === '' ? null : parseFormTime(form.publishAt),
    videoServers: form.videoServers.map((server) => ({
      id: orUndefined(server.id),
      name: server.name,
      kind: server.kind,
      url: server.url,
      audioLanguage: orUndefined(server.audioLanguage) ?? null,
      subtitleLanguage: orUndefined(server.subtitleLanguage) ?? null,
      enabled: server.enabled,
    })),
  };
}

/** A row in which nothing was typed is no server; it only stood ready. */
export function withoutEmptyServers(form: EpisodeForm): EpisodeForm {
  return {
    ...form,
    videoServers: form.videoServers.filter(
      ({ id, name, url }) => id !== '' || name.trim() !== '' || url.trim() !== '',
    ),
  };
}

/** Seconds of `24`, `24:00` or `1:02:05` (a number alone is minutes); NaN, which the schema refuses, for others. */
function parseDuration(text: string): number | null {
  const typed = toHalfWidth(text).trim();
  if (typed === '') return null;
  if (/^[0-9]{1,4}$/.test(typed)) return Number(typed) * 60;
  const [, hours = '0', minutes, seconds] =
    /^([0-9]{1,2}):([0-5]?[0-9]):([0-5][0-9])$/.exec(typed) ??
    /^()([0-9]{1,4}):([0-5][0-9])$/.exec(typed) ??
    [];
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** What differs between two states of the form, for whoever has to decide between them. */
export function differences(
  mine: EpisodeForm,
  saved: EpisodeForm,
): readonly { readonly label: string; readonly mine: string; readonly saved: string }[] {
  const rows = [
    { label: 'Kind', mine: mine.kind, saved: saved.kind },
    { label: 'Number', mine: mine.number, saved: saved.number },
    { label: 'Title', mine: mine.title, saved: saved.title },
    { label: 'Synopsis', mine: mine.synopsis, saved: saved.synopsis },
    { label: 'Duration', mine: mine.duration, saved: saved.duration },
    { label: 'Status', mine: mine.status, saved: saved.status },
    { label: 'Publish at', mine: mine.publishAt, saved: saved.publishAt },
    { label: 'Video servers', mine: serversText(mine), saved: serversText(saved) },
  ];
  return rows.filter((row) => row.mine.trim() !== row.saved.trim());
}

function serversText(form: EpisodeForm): string {
  return form.videoServers
    .map(({ name, kind, url, audioLanguage, subtitleLanguage, enabled }) =>
      [name, kind, url, audioLanguage, subtitleLanguage, enabled ? 'on' : 'off'].filter(Boolean).join(', '),
    )
    .join('\n');
}
