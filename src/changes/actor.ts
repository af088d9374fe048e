/** Who makes a change: an admin in the back office, a script with a token, or nipnime itself. */
export type Actor = {
  readonly kind: 'admin' | 'token' | 'system';
  readonly id: string | null;
  readonly name: string;
};

/** What the audit log keeps about one change. */
export type AuditEntry = {
  readonly actor: Actor;
  /** Dotted, subject first: `episode.create`. */
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
};
