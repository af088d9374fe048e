import type { Request, RequestHandler } from 'express';
import { ClientError } from './error-handler';

const NOTHING_DONE = 'Nothing was saved. Go back: what you typed is still there.';

/**
 * Refuses what a page of another site sends with the cookies of somebody who is logged in here, or to log them in as somebody
 * else. Every browser of the last years says with a POST where it comes from: by Sec-Fetch-Site, or on plain http by Origin.
 * What doesn't say it is refused, too (docs/decisions/0025). It needs no body, so that it can come before one is read.
 * https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 * https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
export const refuseOtherSites: RequestHandler = (request, _response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  switch (sourceOf(request)) {
    case 'own':
      return next();
    case 'other':
      throw new ClientError(403, { key: 'error.otherSite' });
    case 'unknown':
      throw new ClientError(
        403,
        'Your browser does not say which site this form comes from, and another site might have sent it. ' +
          `${NOTHING_DONE} Allow this site to see referrers in the settings of the browser or its extensions, ` +
          'or open the site by https, and send it again.',
      );
  }
};

function sourceOf(request: Request): 'own' | 'other' | 'unknown' {
  // The browser's own judgement goes first: over https it is there even where a privacy setting empties Origin.
  const site = request.get('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin' ? 'own' : 'other';
  const origin = request.get('Origin');
  // `null`: from a sandbox, a file, over a redirect of another site, or by a page whose referrer is not told.
  if (origin === undefined || origin === 'null') return 'unknown';
  return URL.canParse(origin) && new URL(origin).host === request.get('Host') ? 'own' : 'other';
}
