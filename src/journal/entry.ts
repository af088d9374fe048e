import type { Actor, Via } from './actor';

/** A value as JSON holds it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What became of a field. One that was made with its subject has no `before`, one that went with it no `after`. */
type FieldChange = { readonly before?: Json; readonly after?: Json };

/** The fields that differ, by their names. */
export type Changes = Readonly<Record<string, FieldChange>>;

/** What anybody could see before an act and can see after it: ids of episodes. */
export type Visibility = {
  /** Could not be seen before, and can be now; of an act on more than one only those of `first`. */
  readonly appeared: readonly string[];
  /** Nobody could ever see it before. */
  readonly first: readonly string[];
  /** Could be seen before, and can't be any more. */
  readonly vanished: readonly string[];
  /** Could be seen, and can be; only of an act on one. */
  readonly stayed: readonly string[];
};

/** What the journal keeps about one thing that was done or refused. */
export type AuditEntry = {
  readonly actor: Actor;
  /** Dotted, subject first: `episode.create`. */
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  /** What the subject is called at that moment: it may have another name later, or be gone. */
  readonly subjectLabel?: string | undefined;
  readonly changes?: Changes;
  readonly visibility?: Visibility;
  /** What else is worth knowing about it. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** A row of the journal. Those that were written before there were `via`, labels and changes have none. */
export type JournalEntry = {
  /** In the order of the commits, without gaps. */
  readonly id: string;
  readonly at: Date;
  readonly actor: Omit<Actor, 'via' | 'address'>;
  readonly via: Via | null;
  readonly address: string | null;
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  readonly subjectLabel: string | null;
  readonly changes: Changes;
  /** Null where that is not known: of what was no write of the catalog, or was written before it was noted. */
  readonly visibility: Visibility | null;
  readonly details: Readonly<Record<string, unknown>>;
};
