import type { Attempt, Job } from '../../platform/jobs';
import type { WriteContext } from '../episodes/write';
import { CatalogFileError, readCatalogFile } from './catalog-file';
import { countRows, importCatalog, NO_ROWS } from './catalog-import';
import {
  addRows,
  beginPhase,
  failImport,
  findImport,
  finishPhase,
  type ImportRun,
  importPayload,
  readPieces,
} from './import-runs-repository';
import { undoAct } from './import-undo';
import { addLeft, failUndo, finishUndo, listActs } from './import-undo-repository';

const STATE = { plan: 'planning', import: 'importing', undo: 'undoing' } as const;

/** Looks at the file of an import, carries it out, or takes it back. May be done twice: what is as the file says is not written again. */
export function createImportJob(catalog: WriteContext): Job['run'] {
  return async (payload, { isLast, signal }) => {
    const { importId, phase } = importPayload.parse(payload);
    const run = await findImport(catalog.db, importId);
    // Discarded, or done by an attempt that could not say so any more.
    if (run?.state !== STATE[phase]) return;
    if (phase === 'undo') return undo(catalog, run, { isLast, signal });
    try {
      await doPhase(catalog, run, phase, signal);
    } catch (error) {
      if (error instanceof CatalogFileError) return failImport(catalog.db, importId, error.message);
      if (isLast) await failImport(catalog.db, importId, OUR_FAULT);
      throw error;
    }
  };
}

const OUR_FAULT =
  'Something went wrong on our side, several times. What was written until then stays; import the file again.';

async function doPhase(
  catalog: WriteContext,
  { id: importId, fileName, actor }: ImportRun,
  phase: 'plan' | 'import',
  signal: AbortSignal,
): Promise<void> {
  const { db } = catalog;
  await beginPhase(db, importId, phase);
  let [counts, place] = [NO_ROWS, 0];
  const records = readCatalogFile(readPieces(db, importId));
  const options = { from: fileName, importId, now: () => new Date(), ...(phase === 'import' && { actor }) };
  for await (const rows of importCatalog(catalog, records, options)) {
    counts = countRows(counts, rows);
    await addRows(db, { importId, phase, place }, rows);
    place += rows.length;
    signal.throwIfAborted();
  }
  await finishPhase(db, importId, phase, counts);
}

const UNDO_FAILED =
  'Something went wrong on our side, several times. What was taken back until then stays so; undo the import again.';
const AT_ONCE = 50;

/** From the last act of the import to its first, so that a series is looked at when its episodes are gone. */
async function undo(
  catalog: WriteContext,
  { id: importId, actor }: ImportRun,
  { isLast, signal }: Attempt,
): Promise<void> {
  const { db } = catalog;
  try {
    await beginPhase(db, importId, 'undo');
    const counts = { series: 0, episodes: 0, left: 0 };
    let [place, before] = [0, undefined as string | undefined];
    for (;;) {
      const entries = await listActs(db, importId, { before, limit: AT_ONCE });
      const left: Parameters<typeof addLeft>[2][number][] = [];
      for (const entry of entries) {
        signal.throwIfAborted();
        const kind = entry.subjectKind === 'series' ? 'series' : 'episodes';
        const outcome = await undoAct(catalog, actor, entry);
        if (outcome === 'undone') counts[kind]++;
        else left.push({ place, kind, label: entry.subjectLabel ?? '', why: outcome.left });
        place++;
      }
      counts.left += left.length;
      await addLeft(db, importId, left, place);
      before = entries.at(-1)?.id;
      if (entries.length < AT_ONCE) break;
    }
    await finishUndo(db, importId, counts);
  } catch (error) {
    if (isLast) await failUndo(db, importId, UNDO_FAILED);
    throw error;
  }
}
