import { Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { findAsset } from './repository';

/** What a build calls a file after its contents: `site-AT4KINUG.css`. */
const HASHED = /^[A-Za-z0-9._-]{1,180}-[A-Z0-9]{8}\.(css|js|woff2)$/;

/** `/assets/site-AT4KINUG.css` of another version, behind the assets of this one: while two versions run, and for pages that are still open. */
export function keptAssetRoutes({ db }: { readonly db: Database }): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/assets/:file', async (request, response) => {
    const file = String(request.params.file);
    const [, ending = ''] = HASHED.exec(file) ?? [];
    const body = ending ? await findAsset(db, file) : undefined;
    if (!body) throw new ClientError(404, { key: 'error.nothing' });
    response.set('Cache-Control', 'public, max-age=31536000, immutable');
    response.type(ending).send(body);
  });

  return router;
}
