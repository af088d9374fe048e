import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './fields';

/** Values by the names of their fields. */
export type Values = Readonly<Record<string, unknown>>;

/** One of a list of things that have fields of their own. Without an id it is a new one. */
export type Row = Values & { readonly id?: string | undefined };

/** What two people made of the same thing. `mine` stands in the merged values, until somebody has decided. */
export type MergeConflict =
  | { readonly type: 'field'; readonly field: string; readonly mine: unknown; readonly theirs: unknown }
  /** A field of a row. @see RowConflict */
  | ({ readonly field: string } & RowConflict);

type RowConflict =
  /** `index` is that of the merged rows. */
  | {
      readonly type: 'row-field';
      readonly index: number;
      readonly part: string;
      readonly mine: unknown;
      readonly theirs: unknown;
    }
  /** I removed what they changed: it is not among the merged rows. */
  | { readonly type: 'row-removed-by-me'; readonly theirs: Row }
  /** They removed what I changed: it is among the merged rows, as a new one. */
  | { readonly type: 'row-removed-by-them'; readonly index: number; readonly mine: Row }
  /** Both put the rows in another order. */
  | { readonly type: 'order'; readonly mine: readonly Row[]; readonly theirs: readonly Row[] };

export type Merged<V> = {
  readonly values: V;
  readonly conflicts: readonly MergeConflict[];
  /** The names of the fields in which something of theirs was taken over without a question. */
  readonly taken: readonly string[];
};

/**
 * Puts together what two people made of one thing: what only one of them changed since `base` is taken as it is, and what both
 * changed, differently, is a conflict. A field that `base` doesn't have was perhaps changed by both.
 */
export function mergeValues<V extends object>(
  fields: Fields,
  { base, mine, theirs }: { readonly base: Values; readonly mine: V; readonly theirs: V },
): Merged<V> {
  const values: Record<string, unknown> = {};
  const conflicts: MergeConflict[] = [];
  const taken: string[] = [];
  for (const [field, { control }] of Object.entries(fields)) {
    const my: unknown = Reflect.get(mine, field);
    const their: unknown = Reflect.get(theirs, field);
    if (control.kind === 'rows') {
      const { key } = control;
      const parts = Object.keys(control.fields);
      const [known, mine, theirs] = [base[field], my, their].map((value) => withIds(toRows(value), key));
      const merged = mergeRows(
        parts,
        base[field] === undefined ? undefined : known,
        mine ?? [],
        theirs ?? [],
      );
      values[field] = key === undefined ? merged.rows : merged.rows.map(withoutId);
      conflicts.push(...merged.conflicts.map((conflict) => ({ field, ...conflict })));
      if (!isSameRows(parts, merged.rows, toRows(my))) taken.push(field);
      continue;
    }
    const kept = chosen(field in base ? { known: base[field] } : undefined, my, their);
    values[field] = kept === 'theirs' ? their : my;
    if (kept === 'both') conflicts.push({ type: 'field', field, mine: my, theirs: their });
    if (kept === 'theirs') taken.push(field);
  }
  // There is a value for each field of V that can be edited.
  return { values: values as V, conflicts, taken };
}

/** Whose value it is to be. */
function chosen(
  base: { readonly known: unknown } | undefined,
  mine: unknown,
  theirs: unknown,
): 'mine' | 'theirs' | 'both' {
  if (isDeepStrictEqual(mine, theirs)) return 'mine';
  if (base && isDeepStrictEqual(mine, base.known)) return 'theirs';
  return base && isDeepStrictEqual(theirs, base.known) ? 'mine' : 'both';
}

function toRows(value: unknown): readonly Row[] {
  // Of a field with rows, the value is a list of them.
  return Array.isArray(value) ? (value as readonly Row[]) : [];
}

/**
 * The rows with an id for each that has none, of what stands in its field `key`: the first of a text has that, the second one with a
 * number behind it.
 */
export function withIds(rows: readonly Row[], key: string | undefined): readonly Row[] {
  if (key === undefined) return rows;
  const used = new Set(rows.flatMap(({ id }) => id ?? []));
  return rows.map((row) => {
    if (row.id !== undefined) return row;
    const text = String(row[key]);
    let id = text;
    for (let count = 2; used.has(id); count++) id = `${text} ${count}`;
    used.add(id);
    return { ...row, id };
  });
}

/** As it is kept, where rows have no ids: without what is undefined, too. */
function withoutId(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([part, value]) => part !== 'id' && value !== undefined),
  );
}

function isSameRow(parts: readonly string[], a: Values, b: Values): boolean {
  return parts.every((part) => isDeepStrictEqual(a[part], b[part]));
}

function isSameRows(parts: readonly string[], a: readonly Row[], b: readonly Row[]): boolean {
  return a.length === b.length && a.every((row, index) => isSameRow(parts, row, b[index] ?? {}));
}

/** A row that stays, under what tells it from the others: its id, or what stands for that of a new one. */
type Kept = { readonly row: Row; readonly conflicts: readonly ((index: number) => RowConflict)[] };

/**
 * The same for lists: row by row, which are told apart by their ids, and field by field. `base` undefined: nothing is known of it.
 * A row that I add and that is there already, the same in all, is one: the form may have been sent twice.
 */
export function mergeRows(
  parts: readonly string[],
  base: readonly Row[] | undefined,
  mine: readonly Row[],
  theirs: readonly Row[],
): { readonly rows: readonly Row[]; readonly conflicts: readonly RowConflict[] } {
  const baseOf = byId(base ?? []);
  const theirsOf = byId(theirs);
  const myKeys = keysOf(parts, base && baseOf, mine, theirs);
  const mineOf = new Map(myKeys.map((key, index) => [key, mine[index] ?? {}]));
  const kept = new Map<string, Kept>();
  const conflicts: RowConflict[] = [];

  for (const [key, my] of mineOf) {
    const their = theirsOf.get(key);
    const known = baseOf.get(key);
    if (their) kept.set(key, mergeRow(parts, known, my, their));
    else if (!isId(key) || !known || !isSameRow(parts, my, known)) {
      const wasThere = isId(key);
      const row = { ...my, id: undefined };
      const removed = (index: number): RowConflict => ({ type: 'row-removed-by-them', index, mine: my });
      kept.set(key, { row, conflicts: wasThere ? [removed] : [] });
    }
  }
  for (const [id, their] of theirsOf) {
    if (mineOf.has(id)) continue;
    const known = baseOf.get(id);
    if (base && !known) kept.set(id, { row: their, conflicts: [] });
    else if (!known || !isSameRow(parts, their, known))
      conflicts.push({ type: 'row-removed-by-me', theirs: their });
  }

  const order = mergeOrder(base && [...baseOf.keys()], myKeys, [...theirsOf.keys()], kept);
  if (order.isContested) conflicts.push({ type: 'order', mine, theirs });
  const ordered = order.keys.flatMap((key) => kept.get(key) ?? []);
  return {
    rows: ordered.map(({ row }) => row),
    conflicts: [
      ...ordered.flatMap((each, index) => each.conflicts.map((conflict) => conflict(index))),
      ...conflicts,
    ],
  };
}

function mergeRow(parts: readonly string[], base: Row | undefined, mine: Row, theirs: Row): Kept {
  const row: Record<string, unknown> = { ...mine };
  const conflicts: ((index: number) => RowConflict)[] = [];
  for (const part of parts) {
    const kept = chosen(base && part in base ? { known: base[part] } : undefined, mine[part], theirs[part]);
    if (kept === 'theirs') row[part] = theirs[part];
    if (kept !== 'both') continue;
    conflicts.push((index) => ({ type: 'row-field', index, part, mine: mine[part], theirs: theirs[part] }));
  }
  return { row: { ...row, id: theirs.id }, conflicts };
}

function byId(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.flatMap((row) => (row.id === undefined ? [] : [[row.id, row]])));
}

const NEW = '+';

function isId(key: string): boolean {
  return !key.startsWith(NEW);
}

/** What each of my rows is known by: an id that is known, or else that of one that they added and that is the same. */
function keysOf(
  parts: readonly string[],
  base: ReadonlyMap<string, Row> | undefined,
  mine: readonly Row[],
  theirs: readonly Row[],
): readonly string[] {
  const known = new Set([...(base ?? byId(mine)).keys(), ...theirs.flatMap(({ id }) => id ?? [])]);
  const used = new Set<string>();
  const named = mine.map(({ id }) => {
    if (id === undefined || !known.has(id) || used.has(id)) return undefined;
    used.add(id);
    return id;
  });
  return mine.map((row, index) => {
    const same = () =>
      theirs.find(
        ({ id, ...their }) =>
          id !== undefined && !base?.has(id) && !used.has(id) && isSameRow(parts, row, their),
      )?.id;
    const key = named[index] ?? same() ?? `${NEW}${index}`;
    used.add(key);
    return key;
  });
}

/** The order of the rows that stay: that of whoever changed it, with what only the other has behind what it stood behind. */
function mergeOrder(
  base: readonly string[] | undefined,
  mine: readonly string[],
  theirs: readonly string[],
  kept: ReadonlyMap<string, unknown>,
): { readonly keys: readonly string[]; readonly isContested: boolean } {
  const my = mine.filter((key) => kept.has(key));
  const their = theirs.filter((key) => kept.has(key));
  const shared = new Set(my.filter((key) => their.includes(key)));
  const among = (keys: readonly string[]): string =>
    keys.filter((key) => shared.has(key) && (base?.includes(key) ?? true)).join();
  const isMine = base === undefined || among(my) !== among(base);
  const isTheirs = base === undefined || among(their) !== among(base);
  const differs = among(my) !== among(their);
  const isContested = isMine && isTheirs && differs;
  const [first, second] = isMine && differs ? [my, their] : [their, my];
  return { keys: withMissing(first, second), isContested };
}

function withMissing(keys: readonly string[], others: readonly string[]): readonly string[] {
  const all = [...keys];
  for (const [index, key] of others.entries()) {
    if (all.includes(key)) continue;
    const before = others[index - 1];
    all.splice(before === undefined ? 0 : all.indexOf(before) + 1, 0, key);
  }
  return all;
}
