import { type Response, Router } from 'express';
import type { EpisodeKind } from '../../catalog/episode';
import { episodePath, parseEpisodeNumber, seriesPath } from '../../catalog/episode';
import { findWatchedEpisode } from '../../catalog/public-series';
import { guessLanguage } from '../../catalog/series';
import type { PublicEpisode } from '../../changes/change-event';
import { cardView } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

/** The page that plays an episode. */
export function watchRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  const watch =
    (kind: EpisodeKind) =>
    async (
      request: { params: { slug: string; number: string }; query: Record<string, unknown> },
      response: Response,
    ): Promise<void> => {
      const { slug, number } = request.params;
      const shortest = parseEpisodeNumber(number);
      const found =
        shortest === undefined ? undefined : await findWatchedEpisode(catalog.db, slug, kind, shortest);
      if (!found) throw new ClientError(404, 'There is no episode at this address.');
      if (shortest !== number) return response.redirect(301, episodePath(found.episode));

      const card = cardView(found.episode, 0);
      const selected = found.servers.find(({ id }) => id === request.query.server) ?? found.servers[0];
      response.set('Cache-Control', 'no-cache').render('pages/watch', {
        title: `${card.seriesTitle} – ${card.label}`,
        titleLanguage: card.seriesTitleLanguage,
        card,
        synopsis: found.synopsis,
        synopsisLanguage: guessLanguage(found.synopsis),
        seriesUrl: seriesPath(found.episode.seriesSlug),
        servers: found.servers.map((server) => ({
          ...server,
          selected: server.id === selected?.id,
          // Without JavaScript a server is chosen by its link.
          href: `${card.url}?server=${server.id}`,
          languages: languagesText(server.audioLanguage, server.subtitleLanguage),
        })),
        selected,
        previous: found.previous && neighbour(found.previous),
        next: found.next && neighbour(found.next),
      });
    };
  router.get('/series/:slug/episodes/:number', watch('regular'));
  router.get('/series/:slug/specials/:number', watch('special'));

  return router;
}

function neighbour(episode: PublicEpisode) {
  const { url, label, title } = cardView(episode, 0);
  return { url, label, title };
}

const LANGUAGE_NAMES = new Intl.DisplayNames('en', { type: 'language' });

/** `Japanese, English subtitles`; empty when nothing is known. */
function languagesText(audio: string | null, subtitles: string | null): string {
  return [
    audio ? LANGUAGE_NAMES.of(audio) : undefined,
    subtitles ? `${LANGUAGE_NAMES.of(subtitles)} subtitles` : undefined,
  ]
    .filter(Boolean)
    .join(', ');
}
