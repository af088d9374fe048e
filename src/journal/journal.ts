import type { Database, Transaction } from '../platform/database';
import type { Actor, Via } from './actor';
import type { AuditEntry, Changes, JournalEntry, Visibility } from './entry';

/**
 * Records who did what; in the transaction that does it, so that neither is there without the other. From here to the commit
 * the counter of the journal is locked, so call it late.
 */
export async function recordAudit(
  db: Database | Transaction,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  for (let at = 0; at < entries.length; at += RECORDED_AT_ONCE)
    await db('journal').insert(entries.slice(at, at + RECORDED_AT_ONCE).map(toRow));
}
/** A statement has 65,535 values at most. */
const RECORDED_AT_ONCE = 1_000;

function toRow(entry: AuditEntry) {
  const { actor } = entry;
  return {
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name,
    via: actor.via,
    address: actor.address ?? null,
    action: entry.action,
    subject_kind: entry.subjectKind,
    subject_id: entry.subjectId,
    subject_label: entry.subjectLabel ?? null,
    changes: JSON.stringify(entry.changes ?? {}),
    visibility: entry.visibility ? JSON.stringify(entry.visibility) : null,
    details: JSON.stringify(entry.details ?? {}),
  };
}

/** Which acts are asked for; what is undefined filters nothing. */
export type JournalFilter = {
  readonly actorKind?: Actor['kind'] | undefined;
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly subjectKind?: string | undefined;
  readonly subjectId?: string | undefined;
  /** From this moment on. */
  readonly from?: Date | undefined;
  /** Up to this moment, which is not among them. */
  readonly until?: Date | undefined;
  /** Continues after the act with this id. */
  readonly after?: string | undefined;
  readonly limit: number;
};

/** The acts, newest first. */
export async function listJournal(
  db: Database | Transaction,
  filter: JournalFilter,
): Promise<JournalEntry[]> {
  const rows: JournalRow[] = await db('journal')
    .select(JOURNAL_COLUMNS)
    .modify((query) => {
      if (filter.actorKind) query.where('actor_kind', filter.actorKind);
      if (filter.actorId) query.where('actor_id', filter.actorId);
      if (filter.action) query.where('action', filter.action);
      if (filter.subjectKind) query.where('subject_kind', filter.subjectKind);
      if (filter.subjectId) query.where('subject_id', filter.subjectId);
      if (filter.from) query.where('at', '>=', filter.from);
      if (filter.until) query.where('at', '<', filter.until);
      if (filter.after) query.where('id', '<', filter.after);
    })
    .orderBy('id', 'desc')
    .limit(filter.limit);
  return rows.map(toJournalEntry);
}

/** One act; undefined where there is none with this id. */
export async function findJournalEntry(db: Database, id: string): Promise<JournalEntry | undefined> {
  const row: JournalRow | undefined = await db('journal').select(JOURNAL_COLUMNS).where({ id }).first();
  return row && toJournalEntry(row);
}

/** The id of the last act of somebody on a subject, for who has just acted on it. */
export async function findLastAct(
  db: Database,
  { kind: actorKind, id: actorId }: Actor,
  subject: Pick<JournalFilter, 'subjectKind' | 'subjectId' | 'action'>,
): Promise<string | undefined> {
  const [act] = await listJournal(db, { ...subject, actorKind, actorId: actorId ?? undefined, limit: 1 });
  return act?.id;
}

const PRUNED_AT_ONCE = 2_000;

/**
 * Forgets refusals older than `days` days (30 at least) that every reader is done with; gives the number of rows that went. Refusals are
 * many, and of interest for a while; what was done is kept. A part at a time, so that no statement is long; by a function of the database, since
 * the site's own role may not be allowed to delete.
 */
export async function pruneRefusals(db: Database, days = 90): Promise<number> {
  let pruned = 0;
  for (;;) {
    const { rows } = await db.raw<{ rows: { count: number }[] }>('select prune_refusals(?, ?) as count', [
      days,
      PRUNED_AT_ONCE,
    ]);
    const count = rows[0]?.count ?? 0;
    pruned += count;
    if (count < PRUNED_AT_ONCE) return pruned;
  }
}

export const JOURNAL_COLUMNS = [
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'actor_name',
  'via',
  'address',
  'action',
  'subject_kind',
  'subject_id',
  'subject_label',
  'changes',
  'visibility',
  'details',
] as const;

export type JournalRow = {
  readonly id: string;
  readonly at: Date;
  readonly actor_kind: Actor['kind'];
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly via: Via | null;
  readonly address: string | null;
  readonly action: string;
  readonly subject_kind: string;
  readonly subject_id: string | null;
  readonly subject_label: string | null;
  readonly changes: Changes;
  readonly visibility: Visibility | null;
  readonly details: Readonly<Record<string, unknown>>;
};

export function toJournalEntry(row: JournalRow): JournalEntry {
  return {
    id: row.id,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    via: row.via,
    address: row.address,
    action: row.action,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    subjectLabel: row.subject_label,
    changes: row.changes,
    visibility: row.visibility,
    details: row.details,
  };
}
