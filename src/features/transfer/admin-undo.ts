import { type Request, Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { databaseId } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import { adminActor } from '../accounts/public';
import { findImport, type ImportRun, type UndoCounts } from './import-runs-repository';
import { countActs, type ImportActs, startUndo } from './import-undo-repository';

/** Taking back a whole import. */
export function undoRoutes({ db }: { readonly db: Database }): Router {
  const router = Router();

  // What would be taken back is seen before it is.
  router.get('/transfer/imports/:id/undo', async (request, response) => {
    const run = await getRun(db, request);
    const acts = await countActs(db, run.id);
    if (!isEnded(run) || sumOfActs(acts) === 0)
      return response.redirect(303, `/admin/transfer/imports/${run.id}`);
    response.render('transfer/undo', {
      title: `Undo the import of ${run.fileName}`,
      fileName: run.fileName,
      importUrl: `/admin/transfer/imports/${run.id}`,
      ...undoView(acts),
    });
  });

  router.post('/transfer/imports/:id/undo', async (request, response) => {
    const run = await getRun(db, request);
    const isStarted = await startUndo(db, adminActor(response), run.id);
    if (!isStarted) request.session.notice = { text: 'It is being undone already, or was not imported.' };
    await redirectWithSession(request, response, `/admin/transfer/imports/${run.id}`);
  });

  return router;
}

/** The import that the address names. @throws {ClientError} 404 */
export async function getRun(db: Database, request: Request): Promise<ImportRun> {
  const id = databaseId.safeParse(request.params.id);
  const run = id.success ? await findImport(db, id.data) : undefined;
  if (!run || run.state === 'uploading')
    throw new ClientError(404, 'There is no such import. Files are kept for a day.');
  return run;
}

/** Whether it is over, with what it has written. */
export function isEnded({ state }: ImportRun): boolean {
  return state === 'done' || state === 'failed';
}

export function sumOfActs({
  seriesCreated,
  seriesChanged,
  episodesCreated,
  episodesChanged,
}: ImportActs): number {
  return seriesCreated + seriesChanged + episodesCreated + episodesChanged;
}

/** What becomes of what an import has written, in words; what there is none of is left out. */
function undoView(acts: ImportActs) {
  const { seriesCreated, seriesChanged, episodesCreated, episodesChanged } = acts;
  const kinds = [
    { count: seriesCreated, text: 'new series: hidden, since a series is never deleted' },
    { count: episodesCreated, text: `new ${episodes(episodesCreated)}: into the trash` },
    { count: seriesChanged, text: 'changed series: as before the import' },
    { count: episodesChanged, text: `changed ${episodes(episodesChanged)}: as before the import` },
  ];
  return {
    total: `${countOf(seriesCreated + seriesChanged)} series and ${countOf(episodesCreated + episodesChanged)} ${episodes(episodesCreated + episodesChanged)}`,
    kinds: kinds.filter(({ count }) => count > 0).map(({ count, text }) => `${countOf(count)} ${text}`),
  };
}

function episodes(count: number): string {
  return count === 1 ? 'episode' : 'episodes';
}

function countOf(count: number): string {
  return count.toLocaleString('en');
}

/** What came of it, in words. */
export function undoneView({ series, episodes: those, left }: UndoCounts) {
  return {
    text: `${countOf(series)} series and ${countOf(those)} ${episodes(those)} are as they were before the import.`,
    left: left === 0 ? '' : `${countOf(left)} ${left === 1 ? 'was' : 'were'} left.`,
  };
}
