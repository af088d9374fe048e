/** Of a cursor `<epoch>.<seq>`; 0 when it is none. */
export function seqOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf('.') + 1)) || 0;
}

/** Whether something may be missing at `cursor` that `head` knows. Numbers of different epochs can't be compared. */
export function isBehind(cursor: string, head: string): boolean {
  return !isOfEpoch(cursor, head) || seqOf(cursor) < seqOf(head);
}

/** Whether the numbers of two cursors can be compared. */
export function isOfEpoch(cursor: string, other: string): boolean {
  return epochOf(cursor) === epochOf(other);
}

function epochOf(cursor: string): string {
  return cursor.slice(0, Math.max(cursor.lastIndexOf('.'), 0));
}
