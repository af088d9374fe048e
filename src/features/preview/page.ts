import { Router } from 'express';
import type { Database } from '../../platform/database';
import { allowFrames } from '../../platform/security-headers';
import { ClientError } from '../../web/error-handler';
import { dateTimeText } from '../../web/formats';
import type { FindLanguage } from '../../web/language';
import { wordsIn } from '../../web/words';
import { episodePath } from '../episodes/fields';
import { cardView } from '../episodes/public';
import { guessLanguage } from '../series/fields';
import { frameOrigins, sandboxOf, selectServer } from '../watch/public';
import type { PreviewLinks } from './link';
import { findPreviewed } from './repository';

const PATH = '/preview';

type PreviewPages = {
  readonly db: Database;
  readonly findLanguage: FindLanguage;
  readonly previewLinks: PreviewLinks;
};

/** An episode that is not public, for whoever has the link. */
export function previewRoutes({ db, findLanguage, previewLinks }: PreviewPages): Router {
  const router = Router();

  router.get(PATH, async (request, response) => {
    const opened = previewLinks.open(request.query.key);
    const found = opened && (await findPreviewed(db, opened.episodeId));
    if (!opened || !found) throw new ClientError(404, { key: 'error.noPreview' });
    if (found.isPublic) return response.redirect(302, episodePath(found.episode));
    const words = wordsIn(findLanguage(request));
    const card = cardView(found.episode, words);
    const selection = selectServer(found.servers, {
      request,
      query: request.query,
      episodePath: PATH,
      seriesPath: PATH,
      words,
    });
    const withKey = <Server extends { readonly href: string }>(server: Server): Server => ({
      ...server,
      href: `${server.href}&key=${String(request.query.key)}`,
    });
    const policy = String(response.getHeader('Content-Security-Policy'));
    const frames = frameOrigins(found.servers);
    response.setHeader('Content-Security-Policy', allowFrames(policy, frames));
    response.set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }).render('preview/page', {
      title: `${card.seriesTitle} – ${card.label}`,
      titleLanguage: card.seriesTitleLanguage,
      card,
      episodeId: found.episode.episodeId,
      seriesId: found.episode.seriesId,
      synopsis: found.synopsis,
      synopsisLanguage: guessLanguage(found.synopsis),
      servers: selection.servers.map(withKey),
      selected: selection.selected && withKey(selection.selected),
      next: selection.next && withKey(selection.next),
      sandbox: selection.selected && sandboxOf(selection.selected, request.get('Host')),
      frames: frames.join(' '),
      intro: found.intro,
      report: undefined,
      untilText: dateTimeText(opened.until, words),
    });
  });

  return router;
}
