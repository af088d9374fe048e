import type { AuditEntry } from '../changes/actor';
import type { Database, Transaction } from '../platform/database';

/** Records who did what; in the transaction that does it, so that neither is there without the other. */
export async function recordAudit(db: Database | Transaction, entry: AuditEntry): Promise<void> {
  await db('audit_log').insert({
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    actor_name: entry.actor.name,
    action: entry.action,
    subject_kind: entry.subjectKind,
    subject_id: entry.subjectId,
    details: JSON.stringify(entry.details ?? {}),
  });
}
