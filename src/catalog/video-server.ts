import { z } from 'zod';
import { databaseId, languageTag, orRequired, requiredLine } from './input';

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

const MAX_URL_LENGTH = 2_048;
const OWN_MEDIA = /^\/media\/[A-Za-z0-9._~/-]+$/;
const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What is wrong with the address of a video, or undefined. */
export function videoUrlProblem(value: string): string | undefined {
  if (value.length > MAX_URL_LENGTH) return `Must have at most ${MAX_URL_LENGTH} characters.`;
  // Files that the site itself serves; a browser resolves them against whatever address the site has.
  if (OWN_MEDIA.test(value) && !value.split('/').includes('..')) return undefined;
  if (!URL.canParse(value)) return 'Must be an address such as https://video.example/episode-1.mp4.';
  const url = new URL(value);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOCAL_HOSTS.has(url.hostname))) {
    return 'Must begin with https:// (http:// only for localhost).';
  }
  if (url.username !== '' || url.password !== '') return 'Must not contain a user name or password.';
  return undefined;
}

const videoUrl = z
  .string(orRequired('Must be text.'))
  .trim()
  .superRefine((value, context) => {
    const problem = value === '' ? 'Must not be empty.' : videoUrlProblem(value);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  // The parsed form: no tabs, newlines or odd spellings that a browser would read in another way than we did.
  .transform((value) => (URL.canParse(value) ? new URL(value).href : value));

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
