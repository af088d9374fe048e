import { Router } from 'express';
import { logFailure } from '../../platform/database-errors';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import type { ServedFiles } from './served-files';

/** What a file of a picture is called that visitors may see; what was uploaded is none. */
const FILE = /^[0-9a-f]{24}-[0-9]{3,4}\.(avif|webp)$/;
/** Seconds after which whoever did not get a picture may ask again. */
const RETRY_AFTER_S = '10';

/** `/images/0123456789abcdef01234567-480.avif`: the files of pictures that admins have uploaded. */
export function imageRoutes({
  imageFiles,
  log,
}: {
  readonly imageFiles: ServedFiles;
  readonly log: Logger;
}): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/images/:file', async (request, response) => {
    const file = String(request.params.file);
    const [isFile, format = ''] = FILE.exec(file) ?? [];
    const bytes = isFile
      ? await Promise.resolve(imageFiles.get(file)).catch((error: unknown) => {
          logFailure(log, error, 'A picture could not be read');
          return 'away' as const;
        })
      : undefined;
    if (bytes === 'away') {
      response.status(503).set({ 'Retry-After': RETRY_AFTER_S, 'Cache-Control': 'no-store' });
      return response.type('text').send('The pictures can not be read at the moment.\n');
    }
    if (!bytes) throw new ClientError(404, 'There is no picture at this address.');
    response.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      ETag: `"${file}"`,
      // Feeds and previews of links show it on other sites.
      'Cross-Origin-Resource-Policy': 'cross-origin',
    });
    return response.type(`image/${format}`).send(bytes);
  });

  return router;
}
