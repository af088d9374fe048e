import { z } from 'zod';
import { parseListMarkup } from '../../../live/state/list-markup';
import { fetchReason } from '../fetch-reason';
import { TOPIC } from '../read-list';
import { isRefusal } from './answer-checks';
import { type CheckResult, failed, leftOut, passed } from './check-result';
import { HOST, REDIRECT, REFUSAL } from './proxy-lines';

const PATH = '/episodes/latest/grid';
/** It says where the site takes itself to be. https://www.jsonfeed.org/version/1.1/ */
const FEED_PATH = '/feed.json';

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
      result:
        target.origin === url.origin
          ? failed(
              `${PATH} is redirected to ${target.pathname}`,
              'let the proxy pass on every path',
              REDIRECT,
            )
          : failed(`${url.origin} redirects to ${target.origin}`, `check ${target.origin} instead`, REDIRECT),
    };
  }
  if (!response.ok) {
    const problem = `${PATH} answers ${response.status}`;
    // Every answer of the site has an id.
    if (isRefusal(response.status) && !response.headers.has('X-Request-Id')) {
      const mend = 'let it pass requests on to the site, and see that it finds the site';
      return {
        result: failed(`${problem}, and not from the site: something in front of it does`, mend, REFUSAL),
      };
    }
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

/** The site knows where visitors find it: else links in feeds lead nowhere, and forms look as if another site had sent them. */
export async function checkOrigin(siteUrl: string, timeoutMs: number): Promise<CheckResult> {
  const { origin } = new URL(siteUrl);
  const found = await fetch(new URL(FEED_PATH, siteUrl), { signal: AbortSignal.timeout(timeoutMs) })
    .then((response) => response.json())
    .then((feed) => feedSchema.safeParse(feed).data?.home_page_url)
    .catch(() => undefined);
  if (found === undefined) return leftOut(`${FEED_PATH} could not be read`);
  const own = new URL(found).origin;
  return own === origin
    ? passed(`the site knows that it is at ${own}`)
    : failed(
        `the site takes itself to be at ${own}`,
        `let the proxy pass on which address was asked for, and TRUST_PROXY name the proxy; correct SITE_URL; or check ${own}`,
        HOST,
      );
}

const feedSchema = z.object({ home_page_url: z.url() });
