import { type ListMarkup, parseListMarkup } from '../../live/state/list-markup';
import { fetchReason } from './fetch-reason';

export const TOPIC = 'latest';
const PATH = '/episodes/latest/grid';
const TIMEOUT_MS = 20_000;

type ReadOptions = { readonly fetch?: typeof fetch; readonly signal?: AbortSignal };

/**
 * Reads the first page of the site's list of the latest episodes.
 * @param siteUrl such as `https://anime.example`
 * @throws when the site doesn't answer with that list within 20 s
 */
export async function readList(siteUrl: string, options: ReadOptions = {}): Promise<ListMarkup> {
  return parseListMarkup(await fetchList(siteUrl, options), TOPIC);
}

/** What the site answers; the same deadline. */
export async function fetchList(siteUrl: string, options: ReadOptions = {}): Promise<string> {
  const url = new URL(PATH, siteUrl);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await (options.fetch ?? fetch)(url, {
    headers: { 'Cache-Control': 'no-cache' },
    signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
  }).catch((cause: unknown) => {
    throw new Error(`${url} can't be read: ${fetchReason(cause)}`, { cause });
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}
