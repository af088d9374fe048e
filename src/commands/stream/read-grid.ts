import { fetchReason } from './fetch-reason';
import { type GridState, parseGrid } from './grid-fragment';

const TIMEOUT_MS = 20_000;

type ReadOptions = { readonly fetch?: typeof fetch; readonly signal?: AbortSignal };

/**
 * Reads the first page of the site's grid.
 * @param siteUrl such as `https://anime.example`
 * @throws when the site doesn't answer with a grid within 20 s
 */
export async function readGrid(siteUrl: string, options: ReadOptions = {}): Promise<GridState> {
  return parseGrid(await fetchGrid(siteUrl, options));
}

/** What the site answers; the same deadline. */
export async function fetchGrid(siteUrl: string, options: ReadOptions = {}): Promise<string> {
  const url = new URL('/episodes/latest/grid', siteUrl);
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
