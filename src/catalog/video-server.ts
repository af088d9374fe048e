import { z } from 'zod';
import { databaseId, languageTag, orRequired, refuse, requiredLine } from './input';
import { readVideoAddress } from './video-address';

export const VIDEO_SERVER_KINDS = ['embed', 'file', 'hls'] as const;
export type VideoServerKind = (typeof VIDEO_SERVER_KINDS)[number];

/** One source of an episode's video. */
export type VideoServer = {
  readonly id: string;
  readonly name: string;
  readonly kind: VideoServerKind;
  readonly url: string;
  /** BCP 47; null where it is not known. */
  readonly audioLanguage: string | null;
  readonly subtitleLanguage: string | null;
  readonly enabled: boolean;
};

const videoUrl = z.string(orRequired('Must be text.')).transform((typed, context) => {
  const address = readVideoAddress(typed);
  return 'url' in address ? address.url : refuse(context, address.problem);
});

const videoServerSchema = z.strictObject({
  /** Of an existing server of the episode; a new one has none. */
  id: databaseId.optional(),
  name: requiredLine(60),
  kind: z.enum(VIDEO_SERVER_KINDS, orRequired('Must be embed, file or hls.')),
  url: videoUrl,
  audioLanguage: languageTag.nullable().default(null),
  subtitleLanguage: languageTag.nullable().default(null),
  enabled: z.boolean('Must be true or false.').default(true),
});

const MAX_VIDEO_SERVERS = 20;

export const videoServersSchema = z
  .array(videoServerSchema, 'Must be a list of video servers.')
  .max(MAX_VIDEO_SERVERS, `Must have at most ${MAX_VIDEO_SERVERS} video servers.`);

export type VideoServerInput = z.output<typeof videoServerSchema>;

/**
 * The wanted servers with the ids of those they are: the one whose id they name, else one that is like them in all else. A
 * script that sends what it once sent, without ids, changes nothing by it.
 */
export function identifyVideoServers(
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): VideoServerInput[] {
  const free = new Map(current.map((server) => [server.id, server]));
  const named = wanted.map(({ id }) => (id !== undefined && free.delete(id) ? id : undefined));
  return wanted.map((server, index) => {
    const id = named[index] ?? [...free.values()].find((known) => sameServer(known, server))?.id;
    if (id !== undefined) free.delete(id);
    return { ...server, id };
  });
}

/** Whether they are the same but for their ids. */
function sameServer(a: VideoServerInput, b: VideoServerInput): boolean {
  return (
    a.name === b.name &&
    a.kind === b.kind &&
    a.url === b.url &&
    a.audioLanguage === b.audioLanguage &&
    a.subtitleLanguage === b.subtitleLanguage &&
    a.enabled === b.enabled
  );
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
