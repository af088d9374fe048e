import type { Actor } from '../../journal/actor';
import type { JournalEntry } from '../../journal/entry';
import { JOURNAL_COLUMNS, type JournalRow, recordAudit, toJournalEntry } from '../../journal/journal';
import { type Database, inWrite, type Transaction } from '../../platform/database';
import { askFor, RUN_COLUMNS, type RunRow, toRun, type UndoCounts } from './import-runs-repository';

/** What an import has done, and how often: the acts of its entries in the journal. */
export type ImportActs = {
  readonly seriesCreated: number;
  readonly seriesChanged: number;
  readonly episodesCreated: number;
  readonly episodesChanged: number;
};

export async function countActs(db: Database, importId: string): Promise<ImportActs> {
  const rows: { readonly action: string; readonly count: string }[] = await actsOf(db, importId)
    .select('action')
    .count({ count: '*' })
    .groupBy('action');
  const of = (action: string) => Number(rows.find((row) => row.action === action)?.count ?? 0);
  return {
    seriesCreated: of('series.create'),
    seriesChanged: of('series.update'),
    episodesCreated: of('episode.create'),
    episodesChanged: of('episode.update'),
  };
}

/** The newest first. @param before continues before the entry with that id */
export async function listActs(
  db: Database,
  importId: string,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
): Promise<readonly JournalEntry[]> {
  const rows: JournalRow[] = await actsOf(db, importId)
    .select(JOURNAL_COLUMNS)
    .modify((query) => {
      if (before !== undefined) query.where('id', '<', before);
    })
    .orderBy('id', 'desc')
    .limit(limit);
  return rows.map(toJournalEntry);
}

/** Those that wrote to the catalog; not the one that says that somebody began it. */
function actsOf(db: Database, importId: string) {
  return db('journal')
    .whereRaw("details ->> 'importId' = ?", [importId])
    .whereIn('subject_kind', ['series', 'episode']);
}

/** The last act on what an entry is about, since that entry; undefined where nobody has touched it. */
export async function findLastSince(
  db: Database | Transaction,
  { id, subjectKind, subjectId }: JournalEntry,
  actions: readonly string[],
): Promise<{ readonly by: string } | undefined> {
  const row: { readonly actor_name: string } | undefined = await db('journal')
    .select('actor_name')
    .where({ subject_kind: subjectKind, subject_id: subjectId })
    .where('id', '>', id)
    .whereIn('action', [...actions])
    .orderBy('id', 'desc')
    .first();
  return row && { by: row.actor_name };
}

/** Undefined for one that was deleted. */
export async function findEpisodeVersion(db: Database, id: string): Promise<number | undefined> {
  const row: { readonly version: number } | undefined = await db('episodes')
    .select('version')
    .where({ id })
    .whereNull('deleted_at')
    .first();
  return row?.version;
}

/** Of those that are not deleted. */
export async function countEpisodes(db: Database, seriesId: string): Promise<number> {
  const rows: { readonly count: string }[] = await db('episodes')
    .where({ series_id: seriesId })
    .whereNull('deleted_at')
    .count({ count: '*' });
  return Number(rows[0]?.count ?? 0);
}

/** False when it is none that has come to an end, or is being undone already. */
export async function startUndo(db: Database, actor: Actor, importId: string): Promise<boolean> {
  return inWrite(db, async (trx) => {
    const [row]: RunRow[] = await trx('catalog_imports')
      .where({ id: importId })
      .whereIn('state', ['done', 'failed'])
      .update({ state: 'undoing', rows_done: 0, problem: null, actor: JSON.stringify(actor) })
      .returning(RUN_COLUMNS);
    if (!row) return false;
    await askFor(trx, importId, 'undo');
    await recordAudit(trx, {
      actor,
      action: 'catalog.undo',
      subjectKind: 'catalog',
      subjectId: importId,
      subjectLabel: toRun(row).fileName,
    });
    return true;
  });
}

/** What was left as it is, of the entries of the journal up to there. @param done entries so far */
export async function addLeft(
  db: Database,
  importId: string,
  left: readonly {
    readonly place: number;
    readonly kind: 'series' | 'episodes';
    readonly label: string;
    readonly why: string;
  }[],
  done: number,
): Promise<void> {
  const rows = left.map(({ place, kind, label, why }) => ({
    import_id: importId,
    phase: 'undo',
    place,
    kind,
    outcome: 'refused',
    report: JSON.stringify({ row: 0, label, changes: [], notes: [why] }),
  }));
  await inWrite(db, async (trx) => {
    if (rows.length > 0) await trx('catalog_import_rows').insert(rows);
    await trx('catalog_imports').where({ id: importId }).update({ rows_done: done });
  });
}

export async function finishUndo(db: Database, importId: string, undone: UndoCounts): Promise<void> {
  await db('catalog_imports')
    .where({ id: importId })
    .update({ state: 'undone', undone: JSON.stringify(undone) });
}

/** It is as it was before somebody began to undo it, but for what was taken back until then. */
export async function failUndo(db: Database, importId: string, problem: string): Promise<void> {
  await db('catalog_imports')
    .where({ id: importId })
    .update({ state: db.raw("case when done is null then 'failed' else 'done' end"), problem });
}
