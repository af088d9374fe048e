import type { Request } from 'express';
import { z } from 'zod';
import type { Database } from '../platform/database';
import { ClientError } from './error-handler';
import { databaseId, parseInput } from './input';

/** What a row of a list is sorted by, as text of Postgres, and its id. */
export type ListPlace = { readonly value: string; readonly id: string };

/** Where a page of a list begins: behind or before a row, which is named by its place. */
export type ListFrom = { readonly after: ListPlace } | { readonly before: ListPlace };

/** A place as it stands in an address: `2026-11-23 09:30:00+00~17`. */
const PLACE = z
  .string()
  .max(400)
  .transform((text, context): ListPlace => {
    const end = text.lastIndexOf('~');
    const id = databaseId.safeParse(text.slice(end + 1));
    if (end === -1 || !id.success) {
      context.addIssue({ code: 'custom', message: 'Must be a place of the list.' });
      return z.NEVER;
    }
    return { value: text.slice(0, end), id: id.data };
  });

/** The parameters of an address that say where a page begins. */
export const LIST_FROM = { after: PLACE.optional(), before: PLACE.optional() };

/** Texts that Postgres reads as a value of the type: what it is to compare with comes from the address. */
const LISTED_TEXTS = {
  bigint: /^[0-9]{1,18}$/,
  integer: /^-?[0-9]{1,9}$/,
  timestamptz:
    /^(?:-?infinity|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?[+-][0-9]{2}(?::[0-9]{2})?)$/,
  numeric: /^[0-9]{1,5}(?:\.[0-9]{1,2})?$/,
  text: /^[^\0]*$/,
} as const;

/** Ways to sort a list: what by, as SQL, its type, and which end comes first. */
export type ListOrders = Readonly<
  Record<
    string,
    { readonly by: string; readonly type: keyof typeof LISTED_TEXTS; readonly first: 'asc' | 'desc' }
  >
>;

/** Which page of a list, in which order. */
export type ListPage<Order extends string = string> = {
  readonly order: Order;
  /** The other end first. */
  readonly isReversed?: boolean;
  readonly from?: ListFrom | undefined;
  readonly limit: number;
};

/**
 * The rows of a list sorted and cut to a page, each as its id and its place; in the direction in which the page is read, which
 * `inOrder` takes back when more has been joined to them.
 * @param id as SQL
 */
export function listPage<Order extends string>(
  rows: ReturnType<Database>,
  id: string,
  orders: Readonly<Record<Order, ListOrders[string]>>,
  { order, isReversed = false, from, limit }: ListPage<Order>,
) {
  const { by, type, first } = orders[order];
  const isBackward = from !== undefined && 'before' in from;
  const isUpward = (first === 'asc') !== (isReversed !== isBackward);
  const place = from && ('before' in from ? from.before : from.after);
  const direction = isUpward ? 'asc' : 'desc';
  rows
    .select(id)
    .select({ place: rows.client.raw(`(${by})::text`) })
    .orderByRaw(`${by} ${direction}, ${id} ${direction}`)
    .limit(limit);
  if (place)
    rows.whereRaw(`(${by}, ${id}) ${isUpward ? '>' : '<'} (?::${type}, ?::bigint)`, [place.value, place.id]);
  return {
    listed: rows.as('listed'),
    /** Sorts what they were joined with, `listed`. */
    sorting: `listed.place::${type} ${direction}, listed.id ${direction}`,
    inOrder: <Row>(read: readonly Row[]): readonly Row[] => (isBackward ? read.toReversed() : read),
  };
}

function placeText({ value, id }: ListPlace): string {
  return `${value}~${id}`;
}

/** A page of rows, of which one more was read than it has: that one stands at the end that the page was read towards. */
export function cutPage<Row extends { readonly place: ListPlace }>(
  rows: readonly Row[],
  size: number,
  from: ListFrom | undefined,
): { readonly shown: readonly Row[]; readonly before?: string; readonly after?: string } {
  const isBackward = from !== undefined && 'before' in from;
  const shown = isBackward ? rows.slice(-size) : rows.slice(0, size);
  const goesOn = rows.length > size;
  const [first, last] = [shown.at(0), shown.at(-1)];
  return {
    shown,
    ...(first && (isBackward ? goesOn : from !== undefined) && { before: placeText(first.place) }),
    ...(last && (isBackward || goesOn) && { after: placeText(last.place) }),
  };
}

/** What the parameters of a list's address may be besides its own. */
type Listed = {
  readonly order?: string | undefined;
  readonly after?: ListPlace | undefined;
  readonly before?: ListPlace | undefined;
};

/**
 * What the address of a list of the back office asks for. An empty field of its form filters nothing; what is damaged must not show
 * everything as if that had been asked for.
 * @param options.of what it is a list of: `series`
 * @throws {ClientError} 400
 */
export function parseListed<Asked extends Listed>(
  query: Request['query'],
  schema: z.ZodType<Asked>,
  { of, orders, initial }: { readonly of: string; readonly orders: ListOrders; readonly initial: string },
): Omit<Asked, 'after' | 'before'> & { readonly from: ListFrom | undefined } {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const parsed = parseInput(schema, Object.fromEntries(given));
  const damaged = `This link to a list of ${of} is damaged.`;
  if (!parsed.ok) throw new ClientError(400, damaged, parsed.errors);
  const { after, before, ...asked } = parsed.value;
  const sort = orders[asked.order ?? initial];
  // What Postgres is to compare with has to be of the type that the list is sorted by.
  const isPlace = ({ value }: ListPlace): boolean =>
    sort !== undefined && LISTED_TEXTS[sort.type].test(value);
  if ([after, before].some((place) => place && !isPlace(place))) throw new ClientError(400, damaged);
  return { ...asked, from: after ? { after } : before ? { before } : undefined };
}

/** The address of a list with these parameters, in this order; what is undefined is left out. */
export function listUrl(
  path: string,
  names: readonly string[],
  asked: Readonly<Record<string, unknown>>,
): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = asked[name];
    if (typeof value === 'string') query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Where a form leads back to: the list at the path with its parameters, never another site. */
export function listAddress(path: string, back: unknown): string {
  if (typeof back !== 'string' || !back.startsWith(path)) return path;
  return /^(?:\?[A-Za-z0-9=&_.%+:~-]*)?$/.test(back.slice(path.length)) ? back : path;
}

/** The ids of what is ticked, `max` at most: the fields `<kind>-<id>`. */
export function tickedIds(body: unknown, kind: string, max: number): readonly string[] {
  const names = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  const prefix = `${kind}-`;
  return names
    .flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : []))
    .filter((id) => databaseId.safeParse(id).success)
    .slice(0, max);
}

/** The address that takes back what was done to many. @param path of the list */
export function undoUrl(path: string, acts: readonly string[]): string {
  return `${path}/undo?acts=${acts.join(',')}`;
}

const ACTS = z.string().regex(/^[0-9]{1,18}(?:,[0-9]{1,18})*$/);

/** The acts in such an address. @throws {ClientError} 400 */
export function parseActs({ acts }: Request['query']): readonly string[] {
  const parsed = ACTS.safeParse(acts);
  if (!parsed.success) throw new ClientError(400, 'This link to take something back is damaged.');
  return parsed.data.split(',');
}
