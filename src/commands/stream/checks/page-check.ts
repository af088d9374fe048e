import { parseListMarkup } from '../../../live/state/list-markup';
import { fetchReason } from '../fetch-reason';
import { TOPIC } from '../read-list';
import { type CheckResult, failed, passed } from './check-result';

const PATH = '/episodes/latest/grid';

/** The page is there, and says from where the stream has to go on; `cursor` is undefined when it isn't or doesn't. */
export async function checkPage(
  siteUrl: string,
  timeoutMs: number,
): Promise<{ readonly result: CheckResult; readonly cursor?: string }> {
  const url = new URL(PATH, siteUrl);
  let response: Response;
  let html: string;
  try {
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    // An answer that begins and hangs is none, either.
    html = await response.text();
  } catch (error) {
    const problem = `nothing answers at ${url.origin} (${fetchReason(error)})`;
    return {
      result: failed(problem, 'start the site, or look at the address, the firewall and the certificate'),
    };
  }
  const location = response.headers.get('Location');
  if (location !== null && response.status < 400) {
    const target = new URL(location, url);
    return {
      result: failed(`${url.origin} redirects to ${target.origin}`, `check ${target.origin} instead`),
    };
  }
  if (!response.ok) {
    const problem = `${PATH} answers ${response.status}`;
    const mend =
      response.status >= 500
        ? 'look into the log of the site; /readyz says what is missing'
        : 'give the address of a nipnime site, and let its proxy pass on every path';
    return { result: failed(problem, mend) };
  }
  try {
    const { rules, items } = parseListMarkup(html, TOPIC);
    const { cursor } = rules;
    return { result: passed(`the page is there, with ${items.length} episodes, at ${cursor}`), cursor };
  } catch {
    const mend = 'give the address of a nipnime site, and let its proxy pass on every path';
    return { result: failed(`${PATH} holds no list of episodes`, mend) };
  }
}
