import type { IncomingMessage } from 'node:http';
import express, { type Request, type Response, Router } from 'express';
import type { LiveList } from '../../live/list';
import { readHead } from '../../live/log/live-log';
import type { RenderedItems } from '../../live/rendered';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { allowFrames } from '../../platform/security-headers';
import { refuseOtherSites } from '../../web/csrf';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import type { FindLanguage } from '../../web/language';
import { wordsIn } from '../../web/words';
import type { EpisodeKind } from '../episodes/fields';
import { episodePath, parseEpisodeNumber } from '../episodes/fields';
import { cardView, type PublicEpisode } from '../episodes/public';
import { guessLanguage, seriesPath } from '../series/fields';
import { failureKey } from './choice';
import { frameOrigins, sandboxOf } from './embed';
import { episodeListView } from './episode-list';
import { episodeMeta } from './episode-meta';
import { ReportLimits } from './report-limits';
import { recordReport } from './report-repository';
import { findWatchedEpisode } from './repository';
import { selectServer } from './servers';
import { itselfView, nothingView, type PageLists, STEP_NAMES, type StepName, stepView } from './steps';
import {
  failedCookie,
  readFailed,
  readReported,
  reportedCookie,
  type VisitorCookie,
} from './visitor-cookies';

type WatchPages = {
  readonly db: Database;
  readonly log: Logger;
  readonly items: RenderedItems;
  /** Of the series' episodes: the neighbours are two of them. */
  readonly list: LiveList<PublicEpisode>;
  readonly clientAddress: (request: IncomingMessage) => string;
  readonly findLanguage: FindLanguage;
};

type AddressedRequest = Request<{ slug: string; number: string }>;

/** The page that plays an episode, and each way to another one alone for a client that was told to `reset`. */
export function watchRoutes(parts: WatchPages): Router {
  const { db, log, items, list, clientAddress, findLanguage } = parts;
  const router = Router();
  const limits = new ReportLimits();

  const getWatched = async ({ params: { slug, number } }: AddressedRequest, kind: EpisodeKind) => {
    const shortest = parseEpisodeNumber(number);
    const found = shortest === undefined ? undefined : await findWatchedEpisode(db, slug, kind, shortest);
    if (!found) throw new ClientError(404, { key: 'error.noEpisode' });
    return found;
  };

  const listsFor = (request: IncomingMessage): PageLists => {
    const words = wordsIn(findLanguage(request));
    const { language } = words;
    return {
      words,
      inPage: (episodes, cursor) =>
        items.inPage({ list, language }, episodes, cursor.seq, (error, message) =>
          log.error({ err: error }, message),
        ),
    };
  };

  const watch =
    (kind: EpisodeKind) =>
    async (request: AddressedRequest, response: Response): Promise<void> => {
      const found = await getWatched(request, kind);
      if (found.episode.number !== request.params.number)
        return response.redirect(301, episodePath(found.episode));

      const pageLists = listsFor(request);
      const { words } = pageLists;
      const card = cardView(found.episode, words);
      const seriesUrl = seriesPath(found.episode.seriesSlug);
      const { cookies, ...playable } = selectServer(found.servers, {
        request,
        query: request.query,
        episodePath: episodePath(found.episode),
        seriesPath: seriesUrl,
        words,
      });
      for (const cookie of cookies) setCookie(response, cookie);
      // Of all its servers, so that a page on which one is switched to needs no other policy.
      const frames = frameOrigins(found.servers);
      const policy = String(response.getHeader('Content-Security-Policy'));
      response.setHeader('Content-Security-Policy', allowFrames(policy, frames));
      // The same address plays another server to who has chosen one.
      response
        .set('Cache-Control', 'private, no-cache')
        .vary('Cookie')
        .render('watch/page', {
          title: `${card.seriesTitle} – ${card.label}`,
          titleLanguage: card.seriesTitleLanguage,
          meta: episodeMeta(found.episode, found.synopsis, words),
          card,
          episodeId: found.episode.episodeId,
          seriesId: found.episode.seriesId,
          episodeList: await episodeListView(db, found.episode, pageLists),
          synopsis: found.synopsis,
          synopsisLanguage: guessLanguage(found.synopsis),
          seriesUrl,
          ...playable,
          sandbox: playable.selected && sandboxOf(playable.selected, request.get('Host')),
          frames: frames.join(' '),
          intro: found.intro,
          report: { url: `${episodePath(found.episode)}/report`, isDone: readReported(request) },
          hereTopic: `here:${found.episode.episodeId}`,
          steps: STEP_NAMES.map((name) => stepView(name, found, pageLists)),
          itself: itselfView(found, pageLists),
        });
    };
  const report =
    (kind: EpisodeKind) =>
    async (request: AddressedRequest, response: Response): Promise<void> => {
      const found = await getWatched(request, kind);
      const path = episodePath(found.episode);
      const { episodeId } = found.episode;
      const taken = await limits.take(clientAddress(request), episodeId);
      if (taken.outcome === 'refused') {
        response.set('Retry-After', String(taken.retryAfterSeconds));
        throw new ClientError(429, { key: 'error.reports' });
      }
      const failed = new Set(readFailed(request));
      const broken = found.servers.filter(
        (server) => failed.has(failureKey(server)) || server.id === textOf(request.body, 'server'),
      );
      if (taken.outcome === 'counts')
        await recordReport(
          db,
          episodeId,
          broken.map(({ id }) => id),
        );
      setCookie(response, failedCookie(path, broken.map(failureKey)));
      setCookie(response, reportedCookie(path));
      response.redirect(303, path);
    };
  const stepAlone =
    (kind: EpisodeKind, name: StepName) =>
    async (request: AddressedRequest, response: Response): Promise<void> => {
      const found = await getWatched(request, kind);
      const step = stepView(name, found, listsFor(request));
      response.set('Cache-Control', 'no-cache').render('watch/step', { step });
    };
  const itselfAlone =
    (kind: EpisodeKind) =>
    async (request: AddressedRequest, response: Response): Promise<void> => {
      const place = placeOf(request, kind);
      const found = await findWatchedEpisode(db, place.seriesSlug, kind, place.number);
      // Nothing is an answer here: it says that the episode is gone.
      const pageLists = listsFor(request);
      const itself = found
        ? itselfView(found, pageLists)
        : nothingView(place, await readHead(db), pageLists.words);
      response.set('Cache-Control', 'no-cache').render('watch/itself', { itself });
    };
  const listAlone =
    (kind: EpisodeKind) =>
    async (request: AddressedRequest, response: Response): Promise<void> => {
      const list = await episodeListView(db, placeOf(request, kind), listsFor(request));
      response.set('Cache-Control', 'no-cache').render('watch/episodes', { list });
    };
  const reported = [refuseOtherSites, express.urlencoded({ extended: false, limit: '1kb' })];
  router.post('/series/:slug/episodes/:number/report', reported, report('regular'));
  router.post('/series/:slug/specials/:number/report', reported, report('special'));
  router.get('/series/:slug/episodes/:number', watch('regular'));
  router.get('/series/:slug/episodes/:number/itself', itselfAlone('regular'));
  router.get('/series/:slug/specials/:number/itself', itselfAlone('special'));
  router.get('/series/:slug/specials/:number', watch('special'));
  router.get('/series/:slug/episodes/:number/list', listAlone('regular'));
  router.get('/series/:slug/specials/:number/list', listAlone('special'));
  for (const name of STEP_NAMES) {
    router.get(`/series/:slug/episodes/:number/${name}`, stepAlone('regular', name));
    router.get(`/series/:slug/specials/:number/${name}`, stepAlone('special', name));
  }

  return router;
}

function setCookie(response: Response, { name, value, maxAgeMs, ...cookie }: VisitorCookie): void {
  response.cookie(name, value, {
    ...cookie,
    maxAge: maxAgeMs,
    sameSite: 'lax',
    secure: response.req.secure,
    encode: String,
  });
}

/** Of an episode that need not be there any more. */
function placeOf({ params: { slug, number }, query }: AddressedRequest, kind: EpisodeKind) {
  const shortest = parseEpisodeNumber(number);
  const seriesId = databaseId.safeParse(query.series);
  if (shortest === undefined || !seriesId.success) throw new ClientError(404, { key: 'error.noEpisode' });
  return { kind, number: shortest, seriesSlug: slug, seriesId: seriesId.data };
}
