import { isIP } from 'node:net';
import { z } from 'zod';
import type { Bucket } from '../features/images/s3-store';

const url = (protocols: readonly string[], example: string) =>
  z
    .string()
    .refine((value) => {
      return URL.canParse(value) && protocols.includes(new URL(value).protocol);
    }, `must be a URL such as ${example}`)
    .meta({ values: protocols.map((protocol) => `\`${protocol}//…\``).join(', ') });

/** An origin: a path behind it would be lost, since the site's own links all begin at the root. */
const origin = url(['http:', 'https:'], 'https://anime.example').refine((value) => {
  return URL.canParse(value) && new URL(value).href === `${new URL(value).origin}/`;
}, 'must have nothing behind the host and the port');

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
    .meta({ values: `${min} to ${max}` });

const onOrOff = z.enum(['on', 'off'], 'must be on or off');

/** What Express calls networks by name. https://expressjs.com/en/guide/behind-proxies.html */
const NAMED_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal'];
const TRUST_PROXY_PROBLEM = `must be a number of proxies from 0 to 9, or a list of ${NAMED_NETWORKS.join(', ')}, addresses and networks such as 10.0.0.0/8`;

/** A number of hops, or a list of networks. Never `true`: whoever connects could then claim any address. */
const trustedProxies = z.string().transform((value, context): number | string[] => {
  const text = value.trim();
  if (/^\d$/.test(text)) return Number(text);
  const networks = text.split(',').map((network) => network.trim());
  if (!networks.every(isNetwork)) {
    context.addIssue({ code: 'custom', message: TRUST_PROXY_PROBLEM });
    return z.NEVER;
  }
  return networks;
});

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  // Express refuses a network of everybody (/0), too.
  const maxPrefix = family === 4 ? 32 : 128;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= maxPrefix);
}

export const MAX_PROCESSES = 256;
export const MIN_SECRET_LENGTH = 32;

/** A bucket with who may use it: `s3://key:secret@s3.example/bucket?region=eu-central-1`. */
const bucket = z.string().transform((value, context): Bucket => {
  const given = URL.canParse(value) && isPercentEncoded(value) ? new URL(value) : undefined;
  const protocol = given && BUCKET_PROTOCOLS[given.protocol];
  const path = given?.pathname.replace(/\/$/, '') ?? '';
  const parameters = [...(given?.searchParams.keys() ?? [])];
  const isWhole = given?.host && given.username && given.password && path.length > 1;
  if (!given || !protocol || !isWhole || parameters.some((name) => name !== 'region')) {
    context.addIssue({ code: 'custom', message: BUCKET_PROBLEM });
    return z.NEVER;
  }
  return {
    url: `${protocol}//${given.host}${path}`,
    region: given.searchParams.get('region') || 'us-east-1',
    accessKeyId: decodeURIComponent(given.username),
    secretAccessKey: decodeURIComponent(given.password),
  };
});
/** Whether each % begins a byte of UTF-8. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const BUCKET_PROTOCOLS: Readonly<Record<string, string>> = { 's3:': 'https:', 's3+http:': 'http:' };
const BUCKET_PROBLEM =
  'must be the address of a bucket with a key, such as s3://KEY:SECRET@s3.example/bucket?region=eu-central-1 (s3+http:// without TLS); other signs than letters and digits of the secret are percent-encoded';

/**
 * All settings, in the order of their table in docs/configuration.md, which scripts/settings-tables.ts writes from what is said here:
 * `description` in Markdown, `values` where the type does not tell them, `unset` for what holds without a default.
 * One without a description is not for operators. `secret`: a file can hold it.
 */
export const settings = z.object({
  PORT: integer(0, 65_535)
    .default(3000)
    .meta({ description: 'where the site listens; `0` takes any free port' }),
  HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ values: 'an address', description: 'address to listen on; `0.0.0.0` lets other machines in' }),
  SITE_URL: origin
    .transform((value) => new URL(value).origin)
    .optional()
    .meta({
      unset: 'what the request says',
      description:
        "where visitors find the site, such as `https://anime.example`, without a path: what feeds, the sitemap and previews of links begin with. Without it they begin with the request's `Host`, and the page of the latest episodes, which is kept for everybody, has no full addresses in its head",
    }),
  OFFLINE_PAGE: onOrOff.default('on').meta({
    description:
      "browsers keep a page that they show when they can't reach the site, by a service worker that takes no other request; `off` removes it from those that have it",
  }),
  METRICS_PORT: integer(0, 65_535).optional().meta({
    description:
      'where `GET /metrics` is answered, for all processes of the node, and nothing else; without it nowhere',
  }),
  METRICS_HOST: z.string().default('127.0.0.1').meta({
    values: 'an address',
    description:
      'address that `METRICS_PORT` is opened on; `0.0.0.0` for a Prometheus on another machine, from a network that visitors are not in',
  }),
  WEB_CONCURRENCY: integer(1, MAX_PROCESSES).optional().meta({
    unset: '`1`; in production the number of cores',
    description: 'how many processes share the port; see [deployment.md](deployment.md#all-cores)',
  }),
  LISTEN_BACKLOG: integer(1, 65_535).default(32_768).meta({
    description:
      'connections that may wait to be accepted; the kernel cuts it to its own limit, on Linux `net.core.somaxconn`',
  }),
  DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/name').optional().meta({
    secret: true,
    description: 'PostgreSQL 15 or newer; without it an embedded one is started in `DATA_DIR`',
  }),
  REDIS_URL: url(['redis:', 'rediss:', 'redis+sentinel:'], 'redis://host:6379')
    .refine(
      (value) => !value.startsWith('redis+sentinel:') || /^redis\+sentinel:\/\/[^/]+\/[^/?]+/.test(value),
      'must name what its sentinels look after, such as redis+sentinel://host,host,host/mymaster',
    )
    .optional()
    .meta({
      secret: true,
      description:
        'Redis 6.2 or newer, or Valkey, with its password (`redis://:password@host:6379`); needed as soon as more than one node serves the site; the processes of one node do without. `redis+sentinel://:password@host,host,host:26379/mymaster` asks [sentinels](deployment.md#what-stands-in-for-what) which Redis leads',
    }),
  TRUST_PROXY: trustedProxies.optional().meta({
    values: 'a number from 0 to 9, or a list',
    description:
      "proxies that are believed about a client's address, protocol and request id: their number (`1`), or a list of addresses, networks (`10.0.0.0/8`), `loopback`, `linklocal`, `uniquelocal`; without it nobody is, and a forged `X-Forwarded-For` counts for nothing. Addresses in it may have ports, brackets and quotes; where it holds no address, the proxy that sent it counts",
  }),
  DATA_DIR: z.string().default('data').meta({
    values: 'a path',
    description:
      'files of the embedded database, generated secrets, and uploaded pictures; relative to the project',
  }),
  STORAGE_URL: bucket.optional().meta({
    secret: true,
    values: '`s3://…`, `s3+http://…`',
    description:
      'a bucket for uploaded pictures, of any store that speaks S3: `s3://KEY:SECRET@s3.example/bucket/folder?region=eu-central-1`, by https; `s3+http://` by plain http. The region is `us-east-1` without it; signs of the secret other than letters and digits are percent-encoded. Without it pictures are files in `DATA_DIR/images`, which several nodes have to share. The key has to read, write and delete, and list the bucket: without that right a store says of what is not there that it is forbidden',
  }),
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development')
    .meta({
      description: '`production` requires `SESSION_SECRET`, and leaves the first admin and the import to you',
    }),
  SESSION_SECRET: z
    .string()
    .min(MIN_SECRET_LENGTH, `must have at least ${MIN_SECRET_LENGTH} characters (openssl rand -hex 32)`)
    .optional()
    .meta({
      secret: true,
      values: `at least ${MIN_SECRET_LENGTH} characters`,
      unset: 'kept in `DATA_DIR`',
      description:
        'signs the cookies of the back office and what nodes tell each other over Redis; the same on every node. Another one ends all sessions, no device is known any more, authenticator apps have to be set up again, and webhooks need another secret',
    }),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be a level of pino, such as info',
    )
    .default('info')
    .meta({ description: 'the least that is logged' }),
  API_REQUESTS_PER_MINUTE: integer(1, 1_000_000).default(6_000).meta({
    description:
      'requests of each token of the [API](api.md), on all nodes together; the next is answered with 429 and `Retry-After`',
  }),
  TITLE_READINGS: onOrOff.default('on').meta({
    description:
      'Japanese titles are read within a minute after they were added, so that the search finds them by romaji and their addresses can be read: by a process that takes some 400 MB for a few seconds. `off` leaves that to `npm run titles:read`',
  }),
  SERVER_CHECKS: onOrOff.default('off').meta({
    description:
      '`on`: from 02:13 UTC on, for three hours at most, the site asks each video server of its public episodes whether it answers, those first that were not asked for the longest time: one request a second to a host, four hosts at a time, public addresses only. "Today" and a filter of the episodes show those that don\'t; none is switched off',
  }),
  /** Set by `npm run dev`. */
  NIPNIME_RELOAD_VIEWS: z.string().optional(),
  LIVE_TRANSPORT: z.enum(['stream', 'changes'], 'must be stream or changes').default('stream').meta({
    description:
      'how pages are kept up to date: by a stream, and where there is none by answers that caches may keep; `changes`: by those alone, the back office excepted, where an [HTTP cache](scaling.md) stands in front of the site',
  }),
  SSE_AHEAD_OF_HTTP: onOrOff.default('on').meta({
    description:
      "plain requests for the stream are taken from their connections before Node's HTTP parser is made for them, which is most of a stream's memory; `off` leaves them to it",
  }),
  SSE_HEARTBEAT_MS: integer(1_000, 60_000)
    .default(15_000)
    .meta({ description: 'longest silence on a stream; below the 30 s at which many proxies cut' }),
  SSE_TIMEOUT_MS: integer(10_000, 86_400_000)
    .default(1_800_000)
    .meta({ description: 'a connection lives a random 80–100 % of it, then is told to come back' }),
  SSE_MAX_CONNECTIONS: integer(1, 1_000_000)
    .default(20_000)
    .meta({ description: 'streams of one process; a further one is told to come back later' }),
  SSE_MAX_CONNECTIONS_PER_IP: integer(1, 1_000_000)
    .default(30)
    .meta({ description: 'streams of one address (an IPv6 /64 counts as one) in one process' }),
  SSE_MAX_BUFFERED_BYTES: integer(4_096, 67_108_864)
    .default(65_536)
    .meta({ description: 'what a client may leave unread before it is cut; it resumes where it was' }),
});

/** Settings that a file can hold: `<name>_FILE` names it. */
export const SECRETS = Object.entries(settings.shape)
  .filter(([, setting]) => setting.meta()?.secret === true)
  .map(([name]) => name);

/** The names of all variables that are read. */
export const SETTINGS: readonly string[] = [
  ...Object.keys(settings.shape),
  ...SECRETS.map((name) => `${name}_FILE`),
];
