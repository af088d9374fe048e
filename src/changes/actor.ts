/** Who does something: an admin in the back office, a script with a token, nipnime itself, or somebody who was not let in. */
export type Actor = {
  readonly kind: 'admin' | 'token' | 'system' | 'anonymous';
  readonly id: string | null;
  readonly name: string;
};

/** What the audit log keeps about one thing that was done or refused. */
export type AuditEntry = {
  readonly actor: Actor;
  /** Dotted, subject first: `episode.create`. */
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
};
