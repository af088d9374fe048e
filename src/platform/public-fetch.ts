import { lookup } from 'node:dns/promises';
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isNativeError } from 'node:util/types';
import { within } from './deadline';

/** Asks an address that somebody typed: no part of our own network may be reached by it, and nothing may take long or be large. */
export type PublicRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** No more of the answer's body is read. */
  readonly maxBytes: number;
  /** From the look-up of the name to the end of the answer. */
  readonly timeoutMs: number;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
};

export type PublicAnswer =
  | {
      readonly outcome: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
      readonly tookMs: number;
    }
  /** Nothing was sent, since the address is none that may be asked. `why` is a sentence, as it is of the next. */
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'unreachable'; readonly why: string; readonly tookMs: number };

type Address = { readonly address: string; readonly family: number };

/** What may be reached. For tests, which have no public network. */
export type Network = {
  readonly resolve: (hostname: string) => Promise<readonly Address[]>;
  readonly isAllowed: (address: Address) => boolean;
  readonly isAllowedPort: (port: number) => boolean;
};

/** Where web servers listen; on other ports there are databases, mail servers, and what else takes a line of text for a command. */
const USUAL_PORTS: readonly number[] = [80, 443, 8080, 8443];

/**
 * What is not anybody's on the internet. https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    // Multicast, what is reserved, and broadcast.
    '224.0.0.0/3',
    // A machine's own agent in Azure, at an address that looks like anybody's.
    '168.63.129.16/32',
  ],
  // Within 2000::/3, outside of which nothing is public: neither ::1 nor IPv4 that is mapped or translated (::ffff:0:0/96, 64:ff9b::/96).
  ipv6: [
    // Protocols, with Teredo; examples; 6to4, which leads to any IPv4 address; examples again.
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
  ],
} as const;

const GLOBAL_IPV6 = blockList('ipv6', ['2000::/3']);
const SPECIAL_IPV4 = blockList('ipv4', SPECIAL.ipv4);
const SPECIAL_IPV6 = blockList('ipv6', SPECIAL.ipv6);

function blockList(type: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), type);
  }
  return list;
}

/** Whether an address is of the public internet, and not of a network that only we can reach. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !SPECIAL_IPV4.check(address, 'ipv4');
  return isIP(address) === 6 && GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL_IPV6.check(address, 'ipv6');
}

const PUBLIC_NETWORK: Network = {
  resolve: (hostname) => lookup(hostname, { all: true }),
  isAllowed: ({ address }) => isPublicAddress(address),
  isAllowedPort: (port) => USUAL_PORTS.includes(port),
};

/** Why an address would never be asked, as a sentence for whoever typed it; undefined where that depends on where its name leads. */
export function addressProblem(text: string, network: Network = PUBLIC_NETWORK): string | undefined {
  if (!URL.canParse(text)) return 'Must be a whole address, such as https://example.org/hook.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'Must begin with https:// (or http://).';
  if (url.username !== '' || url.password !== '') return 'Must have no name and password in it.';
  if (!network.isAllowedPort(portOf(url))) return `Must have one of the ports ${USUAL_PORTS.join(', ')}.`;
  const literal = hostOf(url);
  const family = isIP(literal);
  return family === 0 || network.isAllowed({ address: literal, family }) ? undefined : NOT_PUBLIC;
}
const NOT_PUBLIC = 'Must lead to a public address: this one is of a private network.';

/**
 * Sends one request to a public address. Its name is looked up once, and the connection goes to the very address that was looked at.
 * A redirect is an answer like any other.
 * @throws when `signal` aborts
 */
export async function fetchPublic(
  text: string,
  request: PublicRequest,
  network: Network = PUBLIC_NETWORK,
): Promise<PublicAnswer> {
  const problem = addressProblem(text, network);
  if (problem !== undefined) return { outcome: 'refused', why: problem };
  const url = new URL(text);
  const startedMs = performance.now();
  const tookMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const hostname = hostOf(url);
    const addresses = await within(
      request.timeoutMs,
      'Looking up a name',
      isIP(hostname) === 0
        ? network.resolve(hostname)
        : Promise.resolve([{ address: hostname, family: isIP(hostname) }]),
    );
    // All of them: of a name that leads to us and to others as well, nothing good is to be expected.
    if (addresses.length === 0 || !addresses.every(network.isAllowed))
      return { outcome: 'refused', why: NOT_PUBLIC };
    const timeoutMs = Math.max(request.timeoutMs - tookMs(), 1);
    const answer = await exchange(url, addresses, { ...request, timeoutMs });
    return { outcome: 'answered', ...answer, tookMs: tookMs() };
  } catch (error) {
    request.signal?.throwIfAborted();
    return { outcome: 'unreachable', why: reasonOf(error, request.timeoutMs), tookMs: tookMs() };
  }
}

type Exchanged = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

function exchange(
  url: URL,
  addresses: readonly Address[],
  { method, headers, body, maxBytes, timeoutMs, signal }: PublicRequest,
): Promise<Exchanged> {
  const late = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(url, {
      method,
      headers: { 'user-agent': 'nipnime', 'accept-encoding': 'identity', ...headers },
      // A connection of its own: one that is kept would be found by its name, whatever that leads to by then.
      agent: false,
      lookup: always(addresses),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        const whole = Buffer.concat(parts).subarray(0, maxBytes);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole });
        response.destroy();
      };
      response.on('data', (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes >= maxBytes) finish();
      });
      response.on('end', finish);
      response.on('error', reject);
    });
    request.on('error', reject);
    // Also after an answer that is none, such as 101; what was settled before stays so.
    request.on('close', () => reject(new Error('The connection was closed.')));
    request.end(body);
  });
}

/** Looks nothing up: gives what was looked up, and looked at, already. */
function always(addresses: readonly Address[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'There is no host of this name.',
  EAI_AGAIN: 'Its name could not be looked up.',
  ECONNREFUSED: 'Nothing takes connections there.',
  ECONNRESET: 'It cut the connection.',
  EHOSTUNREACH: 'There is no way to it.',
  ENETUNREACH: 'There is no way to it.',
};

/** What the other side says never gets into it: only codes do. */
function reasonOf(error: unknown, timeoutMs: number): string {
  // Not instanceof: what Node's own sockets throw may be an Error of another realm.
  const code = isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ETIMEDOUT' || code === 'ABORT_ERR') return `It did not answer within ${timeoutMs / 1_000} s.`;
  return REASONS[code] ?? `It could not be asked${/^[A-Z0-9_]{3,60}$/.test(code) ? ` (${code})` : ''}.`;
}
