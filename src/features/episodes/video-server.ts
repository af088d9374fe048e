import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { formOf, rowsText } from '../../web/field-form';
import { answerShape, field, newShape, pick, type ValuesOf } from '../../web/fields';
import { orNull } from '../../web/form';
import { databaseId, languageTag, orRequired, refuse, requiredLine } from '../../web/input';
import { readVideoAddress } from './video-address';

const VIDEO_SERVER_KINDS = ['embed', 'file', 'hls'] as const;

const videoUrl = z.string(orRequired('Must be text.')).transform((typed, context) => {
  const address = readVideoAddress(typed);
  return 'url' in address ? address.url : refuse(context, address.problem);
});

/** What can be edited of a video server. */
export const VIDEO_SERVER_FIELDS = {
  name: field(requiredLine(60), {
    label: 'Name',
    required: true,
    control: { kind: 'input' },
    column: 'name',
    answer: z.string(),
  }),
  kind: field(z.enum(VIDEO_SERVER_KINDS, orRequired('Must be embed, file or hls.')), {
    label: 'Kind',
    control: {
      kind: 'select',
      options: [
        { value: '', label: 'By its URL' },
        { value: 'embed', label: 'Embed' },
        { value: 'file', label: 'File' },
        { value: 'hls', label: 'HLS' },
      ],
    },
    column: 'kind',
    answer: z.enum(VIDEO_SERVER_KINDS),
  }),
  url: field(videoUrl, {
    label: 'URL',
    help: 'An address, or the <iframe> code for embedding',
    required: true,
    control: {
      kind: 'input',
      inputmode: 'url',
      code: true,
      placeholder: 'https://',
      modifier: 'wide',
      serverUrl: true,
    },
    column: 'url',
    answer: z.string(),
  }),
  audioLanguage: field(languageTag.nullable(), {
    label: 'Audio language',
    control: { kind: 'input', list: 'language-tags', code: true, placeholder: 'ja' },
    column: 'audio_language',
    initial: null,
    answer: z.string().nullable(),
    fromText: orNull,
  }),
  subtitleLanguage: field(languageTag.nullable(), {
    label: 'Subtitle language',
    control: { kind: 'input', list: 'language-tags', code: true, placeholder: 'none' },
    column: 'subtitle_language',
    initial: null,
    answer: z.string().nullable(),
    fromText: orNull,
  }),
  sandboxed: field(z.boolean('Must be true or false.'), {
    label: 'Sandbox',
    help: 'Of an embed. Off only for a host that refuses to play in one',
    control: { kind: 'switch' },
    column: 'sandboxed',
    initial: true,
    answer: z.boolean(),
  }),
  enabled: field(z.boolean('Must be true or false.'), {
    label: 'Enabled',
    control: { kind: 'switch' },
    column: 'enabled',
    initial: true,
    answer: z.boolean(),
  }),
} as const;

/** One source of an episode's video. */
export type VideoServer = ValuesOf<typeof VIDEO_SERVER_FIELDS> & { readonly id: string };

/** As the API answers it. */
export const videoServerAnswer = z.strictObject({ id: z.string(), ...answerShape(VIDEO_SERVER_FIELDS) });

const videoServerSchema = z.strictObject({
  /** Of an existing server of the episode; a new one has none. */
  id: databaseId.optional(),
  ...newShape(VIDEO_SERVER_FIELDS),
});

const MAX_VIDEO_SERVERS = 20;

export const videoServersSchema = z
  .array(videoServerSchema, 'Must be a list of video servers.')
  .max(MAX_VIDEO_SERVERS, `Must have at most ${MAX_VIDEO_SERVERS} video servers.`);

export type VideoServerInput = z.output<typeof videoServerSchema>;

/**
 * The wanted servers with the ids of those they are: one that is like them in all but the id, best the one that they name, else the one
 * that they name. A script that sends what it once sent, without ids or with those of another site, changes nothing by it.
 */
export function identifyVideoServers(
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): VideoServerInput[] {
  const free = new Map(current.map((server) => [server.id, server]));
  const take = (id: string | undefined): string | undefined =>
    id !== undefined && free.delete(id) ? id : undefined;
  const kept = wanted.map((server) => {
    const known = server.id === undefined ? undefined : free.get(server.id);
    return known && sameServer(known, server) ? take(known.id) : undefined;
  });
  const alike = wanted.map(
    (server, index) => kept[index] ?? take([...free.values()].find((known) => sameServer(known, server))?.id),
  );
  return wanted.map((server, index) => ({ ...server, id: alike[index] ?? take(server.id) }));
}

/** Whether they are the same but for their ids. */
export function sameServer(a: VideoServerInput, b: VideoServerInput): boolean {
  return isDeepStrictEqual(pick(VIDEO_SERVER_FIELDS, a), pick(VIDEO_SERVER_FIELDS, b));
}

/** Whether nothing would be written, neither a server nor their order; both with their ids. */
export function sameVideoServers(a: readonly VideoServerInput[], b: readonly VideoServerInput[]): boolean {
  return (
    a.length === b.length &&
    a.every((server, index) => {
      const other = b[index];
      return other !== undefined && server.id === other.id && sameServer(server, other);
    })
  );
}

/** One a line: `Main, File, https://…, ja, sandbox on, enabled on`. */
export function videoServersText(servers: readonly VideoServerInput[]): string {
  return rowsText(
    VIDEO_SERVER_FIELDS,
    servers.map((server) => formOf(VIDEO_SERVER_FIELDS, server)),
  );
}
