import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type Response, Router } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import type { Actor } from '../../journal/actor';
import { recordAudit } from '../../journal/journal';
import type { Database } from '../../platform/database';
import { within } from '../../platform/deadline';
import { isStorableText } from '../../platform/text';
import { ClientError } from '../../web/error-handler';
import { dateTimeText } from '../../web/formats';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { getRun, isEnded, sumOfActs, undoneView, undoRoutes } from './admin-undo';
import { type ExportPart, exportCatalog } from './catalog-export';
import { RefusedWriter } from './catalog-file';
import type { ImportCounts, RowOutcome } from './catalog-import';
import {
  addPiece,
  createImport,
  discardImport,
  finishUpload,
  type ImportPhase,
  type ImportRun,
  listImports,
  listRows,
  type ReportedRow,
  startImport,
  sumOf,
} from './import-runs-repository';
import { countActs } from './import-undo-repository';

/** 200 MB: four times the largest catalog that was measured. */
const MAX_FILE_BYTES = 200 * 1_048_576;
const PIECE_BYTES = 524_288;
const PAGE_SIZE = 100;
const MAX_LISTED = 20;
/** So often a page of work that is under way is loaded again. */
const REFRESH_S = 2;
/** Whoever reads nothing for so long is cut: the export holds a connection of the database. */
const PATIENCE_MS = 60_000;

const EXPORTS: Readonly<Record<string, { readonly part: ExportPart; readonly type: string }>> = {
  'catalog.json': { part: { format: 'json' }, type: 'application/json' },
  'series.csv': { part: { format: 'csv', kind: 'series' }, type: 'text/csv; charset=utf-8' },
  'episodes.csv': { part: { format: 'csv', kind: 'episodes' }, type: 'text/csv; charset=utf-8' },
};

/** The catalog as a file, to take along and to bring. */
export function transferRoutes({ db }: { readonly db: Database }): Router {
  const router = Router();

  const renderIndex = async (response: Response, problem?: string): Promise<void> => {
    const runs = await listImports(db, MAX_LISTED);
    response.render('transfer/index', {
      title: 'Import and export',
      problem,
      maxMegabytes: MAX_FILE_BYTES / 1_048_576,
      runs: runs.map(runRow),
    });
  };

  router.use(undoRoutes({ db }));

  router.get('/transfer', async (_request, response) => renderIndex(response));

  router.get('/transfer/export/:file', async (request, response) => {
    const { file } = request.params;
    const wanted = EXPORTS[file];
    if (!wanted || !Object.hasOwn(EXPORTS, file)) throw new ClientError(404, 'There is no such export.');
    attach(response, `${new Date().toISOString().slice(0, 10)}-${file}`, wanted.type);
    if (request.method === 'HEAD') return void response.end();
    await recordAudit(db, {
      actor: adminActor(response),
      action: 'catalog.export',
      subjectKind: 'catalog',
      subjectId: null,
      subjectLabel: file,
    });
    await stream(response, (write) => exportCatalog(db, wanted.part, write));
  });

  router.post('/transfer/imports', async (request, response) => {
    const upload = await receive(db, request, response);
    if ('problem' in upload) return renderIndex(response.status(422), upload.problem);
    await finishUpload(db, upload.importId, upload.bytes);
    response.redirect(303, `/admin/transfer/imports/${upload.importId}`);
  });

  router.get('/transfer/imports/:id', async (request, response) => {
    const run = await getRun(db, request);
    const isWorking = ['planning', 'importing', 'undoing'].includes(run.state);
    // Not a tag in the page: it works without a script, too, and ends with the work.
    if (isWorking) response.set('Refresh', String(REFRESH_S));
    const outcome = OUTCOMES.find((each) => each === request.query.show);
    const after = placeOf(request.query.after);
    const rows = isWorking
      ? []
      : await listRows(db, { importId: run.id, phase: phaseOf(run), outcome, after, limit: PAGE_SIZE + 1 });
    const acts = isEnded(run) || run.state === 'undoing' ? await countActs(db, run.id) : undefined;
    response.render('transfer/import', {
      title: run.fileName,
      ...importView(run, { rows, outcome, after, acts: acts ? sumOfActs(acts) : 0 }),
    });
  });

  router.post('/transfer/imports/:id/start', async (request, response) => {
    const run = await getRun(db, request);
    const isStarted = await startImport(db, adminActor(response), run.id);
    if (!isStarted) request.session.notice = { text: 'It is under way already, or over.' };
    await redirectWithSession(request, response, `/admin/transfer/imports/${run.id}`);
  });

  router.post('/transfer/imports/:id/discard', async (request, response) => {
    const run = await getRun(db, request);
    const isGone = await discardImport(db, run.id);
    request.session.notice = {
      text: isGone ? `“${run.fileName}” is not kept any more.` : 'It is just being worked on.',
    };
    await redirectWithSession(request, response, '/admin/transfer');
  });

  router.get('/transfer/imports/:id/refused', async (request, response) => {
    const run = await getRun(db, request);
    const writer = new RefusedWriter();
    const rowsAfter = (after: number) =>
      listRows(db, { importId: run.id, phase: phaseOf(run), outcome: 'refused', after, limit: PAGE_SIZE });
    await stream(response, async (write) => {
      for (let rows = await rowsAfter(-1); rows.length > 0; rows = await rowsAfter(rows.at(-1)?.place ?? 0)) {
        const text = rows.map(({ kind, source, notes }) =>
          source ? writer.record({ kind, source, problems: notes }) : '',
        );
        if (!response.headersSent) {
          const type = writer.format === 'json' ? 'application/json' : 'text/csv; charset=utf-8';
          attach(response, `refused-${baseName(run.fileName)}.${writer.format}`, type);
        }
        await write(text.join(''));
      }
      if (writer.isEmpty) throw new ClientError(404, 'Nothing was refused.');
      await write(writer.end());
    });
  });

  return router;
}

function attach(response: Response, fileName: string, type: string): void {
  response.set({ 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' });
  response.attachment(fileName).set('Content-Type', type);
}

/** The name without its folder and its ending. */
function baseName(fileName: string): string {
  return fileName.replace(/\.[A-Za-z0-9]{1,8}$/, '').replace(/[^\p{Letter}\p{Number}._ -]/gu, '_') || 'file';
}

/**
 * Answers with what `write` is given, as fast as the browser reads it. What fails before the first piece is an error like any other; after
 * it, the connection is closed, so that nobody takes half a file for a whole one.
 */
async function stream(
  response: Response,
  work: (write: (piece: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const body = new PassThrough();
  let sending: Promise<void> | undefined;
  const write = async (piece: string): Promise<void> => {
    sending ??= pipeline(body, response);
    // Heard of below, and by the body, which is closed then.
    sending.catch(() => undefined);
    if (body.destroyed) throw new ClientError(400, 'The browser has gone.');
    if (!body.write(piece)) await within(PATIENCE_MS, 'Reading an export', once(body, 'drain'));
  };
  try {
    await work(write);
    body.end();
    await (sending ?? pipeline(body, response));
  } catch (error) {
    body.destroy();
    throw error;
  }
}

type Upload = { readonly importId: string; readonly bytes: number } | { readonly problem: string };

/** Puts the file of a form into the database, piece by piece. */
async function receive(db: Database, request: Request, response: Response): Promise<Upload> {
  const read = multer({
    storage: toPieces(db, adminActor(response)),
    limits: { files: 1, fileSize: MAX_FILE_BYTES, fields: 5, fieldSize: 1_000, parts: 6 },
  }).single('file');
  try {
    await new Promise<void>((resolve, reject) => {
      read(request, response, (error: unknown) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    if (!(error instanceof MulterError)) throw error;
    return {
      problem:
        error.code === 'LIMIT_FILE_SIZE'
          ? `Must have at most ${MAX_FILE_BYTES / 1_048_576} MB. The command import:catalog reads larger ones.`
          : 'Must be one file.',
    };
  }
  const { file } = request;
  if (!file) return { problem: 'Choose a file.' };
  return { importId: file.filename, bytes: file.size };
}

function toPieces(db: Database, actor: Actor): StorageEngine {
  return {
    _handleFile: (_request, { originalname, stream }, done) => {
      const store = async () => {
        const importId = await createImport(db, actor, nameOf(originalname));
        let [piece, size, held] = [0, 0, [] as Buffer[]];
        let heldBytes = 0;
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          held.push(chunk);
          heldBytes += chunk.length;
          size += chunk.length;
          if (heldBytes < PIECE_BYTES) continue;
          await addPiece(db, importId, piece++, Buffer.concat(held));
          [held, heldBytes] = [[], 0];
        }
        if (heldBytes > 0) await addPiece(db, importId, piece, Buffer.concat(held));
        return { filename: importId, size };
      };
      store().then((info) => done(null, info), done);
    },
    // Half a file: what is kept of it goes within a day.
    _removeFile: (_request, _file, done) => done(null),
  };
}

/** Browsers send the name as UTF-8, which multer reads as Latin 1. */
function nameOf(originalName: string): string {
  const utf8 = Buffer.from(originalName, 'latin1').toString('utf8');
  const name = (utf8.includes('\ufffd') ? originalName : utf8).split(/[/\\]/).at(-1) ?? '';
  const storable = isStorableText(name) ? name : '';
  return storable.replace(/\p{Cc}/gu, '').slice(0, 200) || 'file';
}

const OUTCOMES = ['created', 'changed', 'refused'] as const satisfies readonly RowOutcome[];
const OUTCOME_WORDS = {
  created: 'New',
  changed: 'Changed',
  unchanged: 'As it is',
  refused: 'Refused',
} as const;
/** The marks of a release list. */
const MARKS = { created: 'new', changed: 'adds', unchanged: 'same', refused: 'refused' } as const;

function phaseOf({ state, done }: ImportRun): ImportPhase {
  if (state === 'undone') return 'undo';
  return done || state === 'importing' || state === 'done' ? 'import' : 'plan';
}

function placeOf(after: unknown): number {
  return typeof after === 'string' && /^[0-9]{1,7}$/.test(after) ? Number(after) : -1;
}

const STATE_WORDS: Readonly<Record<ImportRun['state'], string>> = {
  uploading: 'On its way',
  planning: 'Being compared',
  planned: 'Waits for you',
  importing: 'Being imported',
  done: 'Imported',
  failed: 'Not imported',
  undoing: 'Being undone',
  undone: 'Undone',
};

function runRow(run: ImportRun) {
  const { id, fileName, actor, state, createdAt, planned, done } = run;
  const counts = done ?? planned;
  return {
    url: `/admin/transfer/imports/${id}`,
    fileName,
    by: actor.name,
    stateText: STATE_WORDS[state],
    countsText: counts ? countsText(counts) : '',
    atText: dateTimeText(createdAt, ENGLISH),
  };
}

/** `12 new, 3 changed, 40 as they are, 2 refused`: what there is none of is left out. */
function countsText(counts: ImportCounts): string {
  const words = { created: 'new', changed: 'changed', unchanged: 'as they are', refused: 'refused' } as const;
  const parts = (['created', 'changed', 'unchanged', 'refused'] as const)
    .map((outcome) => ({ outcome, count: sumOf(counts, outcome) }))
    .filter(({ count }) => count > 0);
  return parts.map(({ outcome, count }) => `${count.toLocaleString('en')} ${words[outcome]}`).join(', ');
}

function importView(
  run: ImportRun,
  {
    rows,
    outcome,
    after,
    acts,
  }: {
    readonly rows: readonly ReportedRow[];
    readonly outcome: RowOutcome | undefined;
    readonly after: number;
    /** How many series and episodes it has written. */
    readonly acts: number;
  },
) {
  const { id, fileName, state, problem, rowsDone, planned, done, undone, actor, createdAt } = run;
  const base = `/admin/transfer/imports/${id}`;
  const counts = done ?? planned;
  const shown = rows.slice(0, PAGE_SIZE);
  const last = shown.at(-1);
  const urlOf = (show: string | undefined, from?: number) => {
    const query = new URLSearchParams({
      ...(show && { show }),
      ...(from !== undefined && { after: String(from) }),
    });
    return query.size === 0 ? base : `${base}?${query}`;
  };
  const writable = counts ? sumOf(counts, 'created') + sumOf(counts, 'changed') : 0;
  const rowsOf = (all: ImportCounts): number =>
    OUTCOMES.reduce((sum, each) => sum + sumOf(all, each), sumOf(all, 'unchanged'));
  const total = state === 'undoing' ? acts : planned ? rowsOf(planned) : 0;
  return {
    fileName,
    state,
    problem,
    by: actor.name,
    atText: dateTimeText(createdAt, ENGLISH),
    countsText: counts ? countsText(counts) : '',
    rowsDone: rowsDone.toLocaleString('en'),
    total: total > 0 ? total.toLocaleString('en') : '',
    writable,
    isDone: state === 'done',
    startUrl: `${base}/start`,
    discardUrl: `${base}/discard`,
    undoUrl: isEnded(run) && acts > 0 ? `${base}/undo` : undefined,
    undone: undone && undoneView(undone),
    refusedUrl: counts && state !== 'undone' && sumOf(counts, 'refused') > 0 ? `${base}/refused` : undefined,
    tabs:
      counts && state !== 'undone'
        ? [
            { label: 'All', url: urlOf(undefined), isCurrent: outcome === undefined, count: '' },
            ...OUTCOMES.map((each) => ({
              label: OUTCOME_WORDS[each],
              url: urlOf(each),
              isCurrent: outcome === each,
              count: sumOf(counts, each).toLocaleString('en'),
            })),
          ]
        : [],
    rows: shown.map((row) => ({
      ...row,
      mark: MARKS[row.outcome],
      outcomeText: state === 'undone' ? 'Left' : OUTCOME_WORDS[row.outcome],
      kindText: row.kind === 'series' ? 'Series' : '',
    })),
    isFirstPage: after < 0,
    firstUrl: urlOf(outcome),
    nextUrl: rows.length > PAGE_SIZE && last ? urlOf(outcome, last.place) : undefined,
  };
}
