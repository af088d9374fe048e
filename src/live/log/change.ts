/** A point in the order of changes. Written `<epoch>.<seq>`: the id of stream events. */
export type Cursor = {
  /** Random token; changes only when the log is truncated, a backup is restored, or another history goes on. */
  readonly epoch: string;
  readonly seq: number;
};

/** What happened to the items of some lists. It names them and quotes nothing: what is true of them is read when it is sent. */
export type Change = {
  /**
   * `reset` stands for more items of these topics than a stream should carry one by one. What another version of the code may
   * have written beside these three is taken for a `reset`.
   */
  readonly type: 'upsert' | 'remove' | 'reset';
  /** Which items the key is one of: `episode`. Empty with a `reset`, as is the key. */
  readonly kind: string;
  readonly key: string;
  /** The lists that the item was or is in. */
  readonly topics: readonly string[];
  /** It is public for the first time. */
  readonly isNew: boolean;
};

/** A change with its number in the order of commits. */
export type LoggedChange = Change & { readonly seq: number };

/** What one transaction has logged, in order. */
export type Commit = { readonly epoch: string; readonly changes: readonly LoggedChange[] };

export function formatCursor({ epoch, seq }: Cursor): string {
  return `${epoch}.${seq}`;
}

const CURSOR = /^([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,14})$/;

/** Undefined when the text is no cursor (a cursor has at most 48 characters). */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > 64) return undefined;
  const [, epoch, seq] = CURSOR.exec(text) ?? [];
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq: Number(seq) };
}
