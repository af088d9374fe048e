import { type FormOf, formFromBody, formOf, formToInput } from '../../web/field-form';
import { orUndefined, rowsOf, textOf } from '../../web/form';
import { type Parsed, parseInput } from '../../web/input';
import { baseText } from '../../web/merge-form';
import { isTimeZone, UTC } from '../../web/time-zone';
import { type HostPresets, NO_PRESETS, PRESET_TEXTS, presetFor } from './browser/host-preset';
import { kindOf, rowsForLines, serverLines, serverName } from './browser/server-lines';
import {
  EPISODE_FIELDS,
  type Episode,
  type EpisodeInput,
  episodeSchema,
  type VideoServer,
  type VideoServerInput,
} from './fields';
import { type NextUrl, nextUrl } from './next-url';
import { durationText, parseTime, timeText } from './typed-text';
import { VIDEO_SERVER_FIELDS } from './video-server';
import { skippedText } from './when';

/** What stands in the fields, as it was typed. */
export type EpisodeForm = FormOf<typeof EPISODE_FIELDS> & {
  readonly videoServers: readonly VideoServerForm[];
  /** In which `publishAt` is: that of the account when the form was made. */
  readonly zone: string;
  readonly version: string;
  /** What the form was rendered with (`parseBase`). */
  readonly base: string;
};

export type VideoServerForm = FormOf<typeof VIDEO_SERVER_FIELDS> & {
  readonly id: string;
  /** Whether it was just filled in as the last server at its host was. */
  readonly isAsAtHost?: boolean;
};

export const EMPTY_SERVER: VideoServerForm = {
  id: '',
  name: '',
  kind: '',
  url: '',
  audioLanguage: 'ja',
  subtitleLanguage: '',
  sandboxed: '1',
  enabled: '1',
};

/** The form for a new episode, and what was made of the addresses of the one before: by the index of the server, if it had a number. */
export type NewEpisodeForm = {
  readonly form: EpisodeForm;
  readonly nextUrls: readonly (NextUrl | undefined)[];
};

/** The form for a new episode; it follows the given one: its number and one, its servers, with the next number in their addresses. */
export function newEpisodeForm(last: Episode | undefined, zone: string): NewEpisodeForm {
  const number = last ? String(Math.floor(Number(last.number)) + 1) : '1';
  const servers = last?.videoServers ?? [];
  const nextUrls = servers.map(({ url }) => last && nextUrl(url, last.number, number));
  const form = {
    kind: last?.kind ?? 'regular',
    number,
    title: '',
    synopsis: '',
    durationSeconds: last ? durationText(last.durationSeconds) : '',
    intro: '',
    still: '',
    status: 'published',
    publishAt: '',
    announced: '',
    externalId: '',
    videoServers:
      servers.length > 0
        ? servers.map((server, index) => ({
            ...serverForm(server),
            id: '',
            url: nextUrls[index]?.url ?? '',
            enabled: '1',
          }))
        : [EMPTY_SERVER],
    zone,
    version: '',
    base: '',
  };
  return { form, nextUrls };
}

/** @param zone in which its time is shown and taken */
export function episodeForm(episode: Episode, zone: string): EpisodeForm {
  const version = String(episode.version);
  return { ...inZone(episode, zone), version, base: baseText(textsOf(episode)) };
}

/** The form of what is not saved, as one that was rendered when the episode was as it is. */
export function unsavedForm(values: EpisodeInput, current: Episode, zone: string): EpisodeForm {
  return { ...episodeForm(current, zone), ...inZone(values, zone) };
}

function inZone(values: EpisodeInput | Episode, zone: string) {
  return { ...textsOf(values), publishAt: timeText(values.publishAt, zone), zone };
}

function textsOf(values: Pick<EpisodeInput, keyof typeof EPISODE_FIELDS> | Episode) {
  return {
    ...formOf(EPISODE_FIELDS, { ...values, videoServers: [] }),
    videoServers: values.videoServers.map(serverForm),
  };
}

function serverForm(server: VideoServer | VideoServerInput): VideoServerForm {
  return { ...formOf(VIDEO_SERVER_FIELDS, server), id: server.id ?? '' };
}

/** @param presets of which servers that were pasted into the field for several are filled in */
export function episodeFormFromBody(body: unknown, presets: HostPresets = NO_PRESETS): EpisodeForm {
  const zone = textOf(body, 'zone');
  return {
    ...formFromBody(EPISODE_FIELDS, body),
    videoServers: withPasted(
      rowsOf(body, 'videoServers').map((row) => ({
        ...formFromBody(VIDEO_SERVER_FIELDS, row),
        id: textOf(row, 'id'),
      })),
      textOf(body, 'pasted'),
      presets,
    ).map((server) => ({ ...server, kind: server.kind || kindIfTyped(server.url) })),
    zone: isTimeZone(zone) ? zone : UTC,
    version: textOf(body, 'version'),
    base: textOf(body, 'base'),
  };
}

/** A kind that is left to the address is what that tells; of a row without one nothing is known yet. */
function kindIfTyped(url: string): string {
  return url.trim() === '' ? '' : kindOf(url);
}

/** The servers with those that were pasted into one field, an address a line. What is no address is one as well, to be said so. */
function withPasted(
  servers: readonly VideoServerForm[],
  pasted: string,
  presets: HostPresets,
): readonly VideoServerForm[] {
  const all = pasted.split('\n').flatMap((line) => line.trim() || []);
  if (all.length === 0) return servers;
  const lines = serverLines(pasted).length > 0 ? serverLines(pasted) : all;
  const filled = [...servers];
  const places = rowsForLines(
    servers.map(({ url }) => url),
    lines,
  );
  for (const [index, url] of lines.entries()) {
    const place = places[index];
    const row = asAtHost((place === undefined ? undefined : servers[place]) ?? EMPTY_SERVER, url, presets);
    filled[place ?? filled.length] = { ...row, name: row.name || serverName(url), url };
  }
  return filled;
}

/** A row that stands ready, as the last server at that host was; what was typed in it stays. */
function asAtHost(row: VideoServerForm, url: string, presets: HostPresets): VideoServerForm {
  const preset = presetFor(presets, url);
  if (!preset || [row.id, row.name, row.url].some((text) => text.trim() !== '')) return row;
  const texts = PRESET_TEXTS.filter((part) => row[part] === EMPTY_SERVER[part]).map((part) => [
    part,
    preset[part],
  ]);
  return { ...row, ...Object.fromEntries(texts), kind: row.kind || preset.kind, isAsAtHost: true };
}

/** What was typed, or all that is wrong with it. */
export function parseEpisodeForm(form: EpisodeForm): Parsed<EpisodeInput> {
  const parsed = parseInput(episodeSchema, episodeFormToInput(form));
  const skipped = skippedText(form);
  if (parsed.ok || !skipped) return parsed;
  const errors = parsed.errors.map((error) =>
    error.field === 'publishAt' ? { ...error, message: skipped } : error,
  );
  return { ok: false, errors };
}

/** The form's fields in the shape that `episodeSchema` parses. */
function episodeFormToInput(form: EpisodeForm): unknown {
  return {
    ...formToInput(EPISODE_FIELDS, form),
    publishAt: parseTime(form.publishAt, form.zone),
    videoServers: form.videoServers.map((server) => ({
      ...formToInput(VIDEO_SERVER_FIELDS, server),
      id: orUndefined(server.id),
    })),
  };
}

/**
 * What was typed, with the time as it was where nobody has touched it: some browsers cut the field to minutes, and clocks show some
 * times twice. Without it where it was left there and “Now” was chosen instead.
 * @param before what the form was rendered with
 */
export function withKeptTime(
  input: EpisodeInput,
  form: EpisodeForm,
  before: { readonly status?: unknown; readonly publishAt: Date | null },
): EpisodeInput {
  const text = timeText(before.publishAt, form.zone);
  if (form.publishAt === '' || ![text, text.slice(0, 16)].includes(form.publishAt)) return input;
  const isNow = input.status === 'published' && before.status !== 'published';
  const isToCome = before.publishAt !== null && before.publishAt.getTime() > Date.now();
  return { ...input, publishAt: isNow && isToCome ? null : before.publishAt };
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
