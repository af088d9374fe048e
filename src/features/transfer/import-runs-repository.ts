import { z } from 'zod';
import type { Actor } from '../../journal/actor';
import { recordAudit } from '../../journal/journal';
import { type Database, inWrite, type Transaction } from '../../platform/database';
import { addJob } from '../../platform/jobs';
import { type ImportCounts, NO_ROWS, type RowOutcome, type RowResult } from './catalog-import';

/** Finds out what would become of each row, does it, or takes it back. */
export type ImportPhase = 'plan' | 'import' | 'undo';
type ImportState =
  | 'uploading'
  | 'planning'
  | 'planned'
  | 'importing'
  | 'done'
  | 'failed'
  | 'undoing'
  | 'undone';

/** How many are as they were before an import, and how many were left as they are. */
export type UndoCounts = { readonly series: number; readonly episodes: number; readonly left: number };

/** The file of an import, and how far it is. */
export type ImportRun = {
  readonly id: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly state: ImportState;
  readonly actor: Actor;
  /** What was wrong with the file as a whole, or with us. */
  readonly problem: string | null;
  /** Of the phase that is under way. */
  readonly rowsDone: number;
  readonly planned: ImportCounts | null;
  readonly done: ImportCounts | null;
  readonly undone: UndoCounts | null;
  readonly createdAt: Date;
};

/** What is worth telling of a row that was not as it is to be. */
export type ReportedRow = Omit<RowResult, 'source'> & {
  readonly place: number;
  readonly source: RowResult['source'] | undefined;
};

export const IMPORT_JOB = 'import-catalog';
export const importPayload = z.object({ importId: z.string(), phase: z.enum(['plan', 'import', 'undo']) });

/** For so long a file and its report are kept. */
const KEPT_HOURS = 24;
/** A node that ends gives the work to another one, which begins anew. */
const MAX_ATTEMPTS = 5;

export type RunRow = {
  readonly id: string;
  readonly file_name: string;
  readonly bytes: string;
  readonly state: ImportState;
  readonly actor: Actor;
  readonly problem: string | null;
  readonly rows_done: number;
  readonly planned: ImportCounts | null;
  readonly done: ImportCounts | null;
  readonly undone: UndoCounts | null;
  readonly created_at: Date;
};

export const RUN_COLUMNS = [
  'id',
  'file_name',
  'bytes',
  'state',
  'actor',
  'problem',
  'rows_done',
  'planned',
  'done',
  'undone',
  'created_at',
];

export function toRun(row: RunRow): ImportRun {
  return {
    id: row.id,
    fileName: row.file_name,
    bytes: Number(row.bytes),
    state: row.state,
    actor: row.actor,
    problem: row.problem,
    rowsDone: row.rows_done,
    planned: row.planned,
    done: row.done,
    undone: row.undone,
    createdAt: row.created_at,
  };
}

/** The id of a new one, whose file is on its way. */
export async function createImport(db: Database, actor: Actor, fileName: string): Promise<string> {
  const [row]: { id: string }[] = await db('catalog_imports')
    .insert({ file_name: fileName, state: 'uploading', actor: JSON.stringify(actor) })
    .returning('id');
  if (!row) throw new Error('The insert of an import returned no row.');
  return row.id;
}

export async function addPiece(db: Database, importId: string, piece: number, bytes: Buffer): Promise<void> {
  await db('catalog_import_pieces').insert({ import_id: importId, piece, bytes });
}

/** The file is there: has a job look at it. */
export async function finishUpload(db: Database, importId: string, bytes: number): Promise<void> {
  await inWrite(db, async (trx) => {
    await trx('catalog_imports').where({ id: importId }).update({ state: 'planning', bytes });
    await askFor(trx, importId, 'plan');
  });
}

/** False when it is not one that waits for that. */
export async function startImport(db: Database, actor: Actor, importId: string): Promise<boolean> {
  return inWrite(db, async (trx) => {
    const [row]: RunRow[] = await trx('catalog_imports')
      .where({ id: importId, state: 'planned' })
      .update({ state: 'importing', rows_done: 0, actor: JSON.stringify(actor) })
      .returning(RUN_COLUMNS);
    if (!row) return false;
    await askFor(trx, importId, 'import');
    const { fileName, planned } = toRun(row);
    await recordAudit(trx, {
      actor,
      action: 'catalog.import',
      subjectKind: 'catalog',
      subjectId: importId,
      subjectLabel: fileName,
      ...(planned && { details: { import: sumOf(planned, 'created') + sumOf(planned, 'changed') } }),
    });
    return true;
  });
}

export function sumOf({ series, episodes }: ImportCounts, outcome: RowOutcome): number {
  return series[outcome] + episodes[outcome];
}

export async function askFor(trx: Transaction, importId: string, phase: ImportPhase): Promise<void> {
  await addJob(trx, IMPORT_JOB, { importId, phase }, { maxAttempts: MAX_ATTEMPTS });
}

export async function findImport(db: Database, importId: string): Promise<ImportRun | undefined> {
  const row: RunRow | undefined = await db('catalog_imports')
    .select(RUN_COLUMNS)
    .where({ id: importId })
    .first();
  return row && toRun(row);
}

/** The newest first. */
export async function listImports(db: Database, limit: number): Promise<readonly ImportRun[]> {
  const rows: RunRow[] = await db('catalog_imports')
    .select(RUN_COLUMNS)
    .whereNot({ state: 'uploading' })
    .orderBy('id', 'desc')
    .limit(limit);
  return rows.map(toRun);
}

/** Forgets the file and the report. False where that is just being worked on. */
export async function discardImport(db: Database, importId: string): Promise<boolean> {
  const count = await db('catalog_imports')
    .where({ id: importId })
    .whereNotIn('state', ['planning', 'importing', 'undoing'])
    .delete();
  return count > 0;
}

/** Forgets what is older than a day, whatever became of it; gives the number of files. */
export async function pruneImports(db: Database): Promise<number> {
  return db('catalog_imports')
    .where('created_at', '<', db.raw("now() - ? * interval '1 hour'", [KEPT_HOURS]))
    .delete();
}

/** The file, piece by piece. */
export async function* readPieces(db: Database, importId: string): AsyncGenerator<Uint8Array> {
  for (let piece = 0; ; piece++) {
    const row: { bytes: Buffer } | undefined = await db('catalog_import_pieces')
      .select('bytes')
      .where({ import_id: importId, piece })
      .first();
    if (!row) return;
    yield row.bytes;
  }
}

/** What an earlier attempt has found out is found out anew; what it has done stays told. */
export async function beginPhase(db: Database, importId: string, phase: ImportPhase): Promise<void> {
  await db('catalog_imports').where({ id: importId }).update({ rows_done: 0 });
  if (phase !== 'import') await db('catalog_import_rows').where({ import_id: importId, phase }).delete();
}

/** @param place of the first row among all of the file */
export async function addRows(
  db: Database,
  {
    importId,
    phase,
    place,
  }: { readonly importId: string; readonly phase: ImportPhase; readonly place: number },
  results: readonly RowResult[],
): Promise<void> {
  const rows = results.flatMap(({ kind, outcome, source, ...told }, index) =>
    outcome === 'unchanged'
      ? []
      : [
          {
            import_id: importId,
            phase,
            place: place + index,
            kind,
            outcome,
            report: JSON.stringify({ ...told, ...(outcome === 'refused' && { source }) }),
          },
        ],
  );
  await inWrite(db, async (trx) => {
    if (rows.length > 0)
      await trx('catalog_import_rows').insert(rows).onConflict(['import_id', 'phase', 'place']).ignore();
    await trx('catalog_imports')
      .where({ id: importId })
      .update({ rows_done: place + results.length });
  });
}

/** @param counts of this attempt; what an earlier one has written is counted as written */
export async function finishPhase(
  db: Database,
  importId: string,
  phase: 'plan' | 'import',
  counts: ImportCounts,
): Promise<void> {
  if (phase === 'plan') {
    await db('catalog_imports')
      .where({ id: importId })
      .update({ state: 'planned', planned: JSON.stringify(counts) });
    return;
  }
  const rows: { kind: 'series' | 'episodes'; outcome: Exclude<RowOutcome, 'unchanged'>; count: string }[] =
    await db('catalog_import_rows')
      .select('kind', 'outcome')
      .count({ count: '*' })
      .where({ import_id: importId, phase })
      .groupBy('kind', 'outcome');
  const done = { series: { ...NO_ROWS.series }, episodes: { ...NO_ROWS.episodes } };
  for (const { kind, outcome, count } of rows) done[kind][outcome] = Number(count);
  for (const kind of ['series', 'episodes'] as const) {
    const { created, changed, refused } = done[kind];
    const all = Object.values(counts[kind]).reduce((sum, count) => sum + count, 0);
    done[kind].unchanged = all - created - changed - refused;
  }
  await inWrite(db, async (trx) => {
    await trx('catalog_imports')
      .where({ id: importId })
      .update({ state: 'done', done: JSON.stringify(done) });
    await trx('catalog_import_pieces').where({ import_id: importId }).delete();
  });
}

export async function failImport(db: Database, importId: string, problem: string): Promise<void> {
  await db('catalog_imports').where({ id: importId }).update({ state: 'failed', problem });
}

const reportSchema = z.object({
  row: z.int(),
  label: z.string(),
  changes: z.array(z.object({ label: z.string(), before: z.string(), after: z.string() })),
  notes: z.array(z.string()),
  source: z
    .union([
      z.object({ json: z.string() }),
      z.object({ header: z.array(z.string()), cells: z.array(z.string()) }),
    ])
    .optional(),
});

/** Rows in the order of the file. @param after continues after that place */
export async function listRows(
  db: Database,
  {
    importId,
    phase,
    outcome,
    after,
    limit,
  }: {
    readonly importId: string;
    readonly phase: ImportPhase;
    readonly outcome?: RowOutcome | undefined;
    readonly after: number;
    readonly limit: number;
  },
): Promise<readonly ReportedRow[]> {
  const rows: { place: number; kind: 'series' | 'episodes'; outcome: RowOutcome; report: string }[] =
    await db('catalog_import_rows')
      .select('place', 'kind', 'outcome', 'report')
      .where({ import_id: importId, phase })
      .where('place', '>', after)
      .modify((query) => {
        if (outcome) query.where({ outcome });
      })
      .orderBy('place')
      .limit(limit);
  return rows.map(({ place, kind, outcome: became, report }) => {
    const { source, ...told } = reportSchema.parse(JSON.parse(report));
    return { ...told, place, kind, outcome: became, source };
  });
}
