import { Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { databaseId } from '../../web/input';
import type { PreviewLinks } from './link';
import { findPreviewed } from './repository';

type PreviewLink = { readonly db: Database; readonly previewLinks: PreviewLinks };

/** Leads an admin to the preview of an episode, by a link that can be given to others. */
export function previewLinkRoutes({ db, previewLinks }: PreviewLink): Router {
  const router = Router();
  router.get('/episodes/:id/preview', async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    const found = id.success ? await findPreviewed(db, id.data) : undefined;
    if (!found) throw new ClientError(404, 'There is no such episode. It may have been deleted meanwhile.');
    response.redirect(303, previewLinks.of(found.episode.episodeId));
  });
  return router;
}
