import { Router } from 'express';
import { bulkRoutes } from './admin-bulk';
import { episodeFormRoutes, showUnsavedEpisode } from './admin-form';
import { episodeListRoutes } from './admin-list';
import { episodeMoveRoutes } from './admin-move';
import { episodeTrashRoutes } from './admin-trash';
import type { WriteContext } from './write';

export { showUnsavedEpisode };

/** The pages of episodes in the back office. */
export function episodeRoutes(parts: { readonly catalog: WriteContext }): Router {
  const router = Router();
  router.use(
    bulkRoutes(parts),
    episodeListRoutes(parts),
    episodeMoveRoutes(parts),
    episodeFormRoutes(parts),
    episodeTrashRoutes(parts),
  );
  return router;
}
