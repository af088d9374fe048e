import {
  fetchPublic,
  type Network,
  type PublicAnswer,
  type PublicRequest,
} from '../../platform/public-fetch';

/** What is to be checked of a video server. */
export type CheckedServer = { readonly url: string; readonly kind: 'embed' | 'file' | 'hls' };

/** What came of it. `text` is a sentence for admins, and has nothing in it that the other side could have chosen freely. */
export type ServerCheck = {
  /** `doubtful`: it answers, and viewers may or may not see something. `own`: a file of the site, of which nobody is asked. */
  readonly state: 'answers' | 'doubtful' | 'fails' | 'own';
  readonly text: string;
};

const TIMEOUT_MS = 5_000;
/** Hosts of videos lead on to whichever of their machines has a file. */
const MAX_REDIRECTS = 3;
const FIRST_BYTES = 1_024;
const HEADERS = { 'user-agent': 'nipnime-check', accept: '*/*' };

/** Asks whether there is an answer at the address: by HEAD, and for its first bytes where that is not understood. */
export async function checkServer(
  { url, kind }: CheckedServer,
  { network, signal }: { readonly network?: Network; readonly signal?: AbortSignal } = {},
): Promise<ServerCheck> {
  if (url.startsWith('/')) return { state: 'own', text: 'A file of this site: nobody was asked.' };
  const ask = (request: Pick<PublicRequest, 'method' | 'headers' | 'maxBytes'>) =>
    follow(url, { ...request, timeoutMs: TIMEOUT_MS, ...(signal && { signal }) }, network);
  const head = await ask({ method: 'HEAD', headers: HEADERS, maxBytes: 0 });
  if (head.outcome !== 'answered') return { state: 'fails', text: head.why };
  // A playlist has to be one, which its head does not tell.
  if (isGood(head.status) && kind !== 'hls') return verdictOf(head, kind);
  const headers = { ...HEADERS, range: `bytes=0-${FIRST_BYTES - 1}` };
  const first = await ask({ method: 'GET', headers, maxBytes: FIRST_BYTES });
  return first.outcome === 'answered' ? verdictOf(first, kind) : { state: 'fails', text: first.why };
}

type Answered = Extract<PublicAnswer, { outcome: 'answered' }>;

/** Each address on the way is looked at as the first one is. */
async function follow(
  url: string,
  request: PublicRequest,
  network: Network | undefined,
): Promise<PublicAnswer> {
  let address = url;
  for (let redirects = 0; ; redirects++) {
    const answer = await fetchPublic(address, request, network);
    if (answer.outcome !== 'answered' || answer.status < 300 || answer.status >= 400) return answer;
    const { location } = answer.headers;
    if (!location || !URL.canParse(location, address) || redirects === MAX_REDIRECTS) return answer;
    address = new URL(location, address).href;
  }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Viewers have another address, and a browser: they may be let in where we are not. */
const MAYBE_FOR_OTHERS: readonly number[] = [401, 403, 407, 429, 451];

function verdictOf(answer: Answered, kind: CheckedServer['kind']): ServerCheck {
  const { status, headers, body, tookMs } = answer;
  if (MAYBE_FOR_OTHERS.includes(status))
    return { state: 'doubtful', text: `It answers ${status}: this server is not let in, viewers may be.` };
  if (status >= 300 && status < 400) return { state: 'fails', text: 'It leads on and on, to no answer.' };
  if (!isGood(status)) return { state: 'fails', text: `It answers ${status}.` };
  const type = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(headers['content-type'] ?? '')?.[0]?.toLowerCase();
  if (kind === 'file' && type === 'text/html')
    return { state: 'doubtful', text: 'It answers with a page, not with a video.' };
  if (kind === 'hls' && !body.toString('utf8').trimStart().startsWith('#EXTM3U'))
    return { state: 'doubtful', text: 'It answers, but not with a playlist.' };
  if (kind === 'embed' && refusesFrames(answer))
    return { state: 'doubtful', text: 'It answers, but does not want to be embedded.' };
  const size = sizeText(answer);
  const said = [String(status), ...(type ? [type] : []), ...(size ? [size] : [])].join(', ');
  return { state: 'answers', text: `It answers: ${said}, after ${tookMs} ms.` };
}

function refusesFrames({ headers }: Answered): boolean {
  const frames = String(headers['x-frame-options'] ?? '')
    .trim()
    .toLowerCase();
  return frames === 'deny' || frames === 'sameorigin';
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** `734 MB`; undefined where it is not said. */
function sizeText({ status, headers }: Answered): string | undefined {
  const range = /\/(\d{1,15})$/.exec(headers['content-range'] ?? '')?.[1];
  const text = range ?? (status === 206 ? undefined : headers['content-length']);
  if (text === undefined || !/^\d{1,15}$/.test(text) || Number(text) === 0) return undefined;
  const power = Math.min(Math.floor(Math.log10(Number(text)) / 3), UNITS.length - 1);
  const amount = Number(text) / 1_000 ** power;
  return `${amount >= 10 || power === 0 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power]}`;
}
