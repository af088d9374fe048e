import { createHash } from 'node:crypto';
import { isBehind, seqOf } from '../../../live/state/cursor';
import { tagOf } from '../../../live/state/digest';
import { type ListMarkup, parseListMarkup } from '../../../live/state/list-markup';
import { fetchReason } from '../fetch-reason';
import { itemTitle } from '../item-title';
import { TOPIC } from '../read-list';
import { type CheckResult, failed, leftOut, passed } from './check-result';
import { Probe, type ProbedEvent } from './probe';
import { REWRITING } from './proxy-lines';

const PATHS = ['/episodes/latest', '/episodes/latest/grid'];
const MEND =
  'let nothing on the way change pages or events; a page that differs from what the site says is read again';
/** Changes that are asked for once more: fewer than the site tells one by one. */
const CHANGES = 50;
/** They come right behind the greeting; the last of them need not be the point of the page, which counts all lists. */
const MISSED_MS = 3_000;

/** The page of the latest episodes and its list are what the site has written: it says by hashes what that was. */
export async function checkPages(siteUrl: string, timeoutMs: number): Promise<CheckResult> {
  const results: CheckResult[] = [];
  for (const path of PATHS) results.push(await checkPath(new URL(path, siteUrl), timeoutMs));
  const byOutcome = (wanted: CheckResult['outcome']) => results.find(({ outcome }) => outcome === wanted);
  return byOutcome('failed') ?? byOutcome('left out') ?? passed('pages come as the site wrote them');
}

async function checkPath(url: URL, timeoutMs: number): Promise<CheckResult> {
  const path = url.pathname;
  let response: Response;
  let body: Buffer;
  try {
    response = await fetch(url, {
      redirect: 'manual',
      // Asked for, and not always sent: a browser may refuse what does not fit.
      headers: { 'Want-Unencoded-Digest': 'sha-256=10' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    body = Buffer.from(await response.arrayBuffer());
  } catch (error) {
    return failed(`${path} can't be read (${fetchReason(error)})`, 'look into the log of the proxy');
  }
  if (!response.ok) return failed(`${path} answers ${response.status}`, 'let the proxy pass on every path');
  const changed = changedItem(body.toString());
  if (changed !== undefined)
    return failed(`${path} is not as the site wrote it: ${changed} was changed on the way`, MEND, REWRITING);
  const digest = response.headers.get('Unencoded-Digest');
  if (digest === null) return leftOut('whether pages are changed on the way could not be told (no digest)');
  return digest.includes(`:${createHash('sha256').update(body).digest('base64')}:`)
    ? passed(`${path} comes as the site wrote it`)
    : failed(`${path} is not as the site wrote it: something was changed on the way`, MEND, REWRITING);
}

/** The first card whose html is not that of its tag. */
function changedItem(html: string): string | undefined {
  let list: ListMarkup;
  try {
    list = parseListMarkup(html, TOPIC);
  } catch {
    return 'the list';
  }
  const changed = list.items.find(({ html: item, tag }) => tagOf(item) !== tag);
  return changed && named(changed.key, changed.html);
}

/** What is sent once more of the latest changes is what the site has written. @param cursor of the page */
export async function checkEvents(siteUrl: string, cursor: string, timeoutMs: number): Promise<CheckResult> {
  const [epoch] = cursor.split('.');
  const from = `${epoch}.${Math.max(0, seqOf(cursor) - CHANGES)}`;
  const probe = new Probe(siteUrl, { cursor: from, lastEventId: from, acceptEncoding: 'gzip, br' });
  try {
    await probe.waitFor(() => probe.event('hello') ?? probe.event('bye'), timeoutMs);
    await probe.waitFor(() => probe.events.find(({ id = '' }) => !isBehind(id, cursor)), MISSED_MS);
    return changedEvent(probe) ?? told(probe);
  } finally {
    probe.close();
  }
}

/** Why what has come on this stream is not what the site wrote; undefined while it may be. */
export function changedEvent({ events, strange }: Probe): CheckResult | undefined {
  const [line] = strange;
  if (line !== undefined) {
    const problem = `there is something on the stream that the site does not write ("${plain(line)}")`;
    return failed(problem, MEND, REWRITING);
  }
  const changed = events.find(isChanged);
  if (!changed) return undefined;
  const { key, html } = changed.data;
  const problem = `events are not as the site wrote them: that of ${named(String(key), String(html))} was changed on the way`;
  return failed(problem, MEND, REWRITING);
}

function told({ events }: Probe): CheckResult {
  const upserts = events.filter(({ type }) => type === 'upsert').length;
  return upserts > 0
    ? passed(`events come as the site wrote them (${upserts} of the latest)`)
    : leftOut('there was no event to look at whether it comes as the site wrote it');
}

function isChanged({ type, data: { html, tag } }: ProbedEvent): boolean {
  return type === 'upsert' && tagOf(String(html)) !== tag;
}

function named(key: string, html: string): string {
  return `${key} (${plain(itemTitle(html))})`;
}

// A terminal takes orders from control characters.
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, 80);
}
