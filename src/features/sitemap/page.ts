import { type Request, type Response, Router } from 'express';
import type { Database } from '../../platform/database';
import { parseWholeNumber } from '../../platform/text';
import { ClientError } from '../../web/error-handler';
import type { FindOrigin } from '../../web/site-origin';
import { episodePath, shortestNumber } from '../episodes/fields';
import { seriesPath } from '../series/fields';
import { readEpisodesOf, readRanges, readSeriesOf } from './repository';

type Sitemap = { readonly db: Database; readonly findOrigin: FindOrigin };

/** The pages that are neither of a series nor of an episode. */
const SITE_PAGES = ['/episodes/latest', '/series', '/schedule', '/about'];

/** What no search engine needs to see: it changes by the second, or is for others. */
const DISALLOWED = ['/admin', '/api/', '/events', '/episodes/latest/grid'];

/** More has no file: ids go on to 10^9 there. */
const MAX_RANGE = 100_000;

/** For search engines: `/robots.txt`, and the index of the sitemap with its files. https://www.sitemaps.org/protocol.html */
export function sitemapRoutes({ db, findOrigin }: Sitemap): Router {
  const router = Router();

  router.get('/robots.txt', (request, response) => {
    const { origin } = findOrigin(request);
    const rules = DISALLOWED.map((path) => `Disallow: ${path}\n`).join('');
    forAWhile(response).type('text/plain').send(`User-agent: *\n${rules}\nSitemap: ${origin}/sitemap.xml\n`);
  });

  router.get('/sitemap.xml', async (request, response) => {
    const { origin } = findOrigin(request);
    const { series, episodes } = await readRanges(db);
    const names = [
      'site',
      ...series.map((range) => `series-${range}`),
      ...episodes.map((range) => `episodes-${range}`),
    ];
    const files = names.map((name) => `<sitemap><loc>${origin}/sitemaps/${name}.xml</loc></sitemap>\n`);
    sendXml(response, 'sitemapindex', files);
  });

  router.get('/sitemaps/site.xml', (request, response) => {
    const { origin } = findOrigin(request);
    sendXml(
      response,
      'urlset',
      SITE_PAGES.map((path) => urlTag(`${origin}${path}`)),
    );
  });

  router.get('/sitemaps/series-:range.xml', async (request, response) => {
    const { origin } = findOrigin(request);
    const rows = await readSeriesOf(db, rangeOf(request));
    sendUrls(
      response,
      rows.map(({ slug, updatedAt }) => urlTag(`${origin}${seriesPath(slug)}`, updatedAt)),
    );
  });

  router.get('/sitemaps/episodes-:range.xml', async (request, response) => {
    const { origin } = findOrigin(request);
    const rows = await readEpisodesOf(db, rangeOf(request));
    sendUrls(
      response,
      rows.map(({ publishedAt, ...row }) =>
        urlTag(`${origin}${episodePath({ ...row, number: shortestNumber(row.number) })}`, publishedAt),
      ),
    );
  });

  return router;
}

function rangeOf({ params }: Request): number {
  const range = parseWholeNumber(String(params.range));
  if (!(range >= 1 && range <= MAX_RANGE)) throw new ClientError(404, 'The sitemap has no such file.');
  return range;
}

/** An empty file would not be valid. */
function sendUrls(response: Response, urls: readonly string[]): void {
  if (urls.length === 0) throw new ClientError(404, 'The sitemap has no such file.');
  sendXml(response, 'urlset', urls);
}

/** Nothing of an address needs escaping: an origin, slugs and numbers have none of the characters. */
function urlTag(url: string, changedAt?: Date): string {
  const changed = changedAt ? `<lastmod>${changedAt.toISOString()}</lastmod>` : '';
  return `<url><loc>${url}</loc>${changed}</url>\n`;
}

function sendXml(response: Response, root: string, tags: readonly string[]): void {
  forAWhile(response)
    .type('application/xml')
    .send(
      `<?xml version="1.0" encoding="utf-8"?>\n<${root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${tags.join('')}</${root}>\n`,
    );
}

function forAWhile(response: Response): Response {
  return response.set('Cache-Control', 'public, max-age=3600');
}
