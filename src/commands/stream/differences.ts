import { isOfEpoch, seqOf } from '../../live/state/cursor';
import type { ListItem } from '../../live/state/list-rules';
import { comparePositions } from '../../live/state/position';
import { itemTitle } from './item-title';

/** An item, and what it shows. */
export type ShownItem = ListItem & { readonly html: string };

/** The first page of the list of the latest episodes, and the point in the order of changes at which it was true. */
export type ListState = {
  /** `<epoch>.<seq>` */
  readonly cursor: string;
  readonly items: readonly ShownItem[];
  /** What is behind this position is not known. Undefined: there is nothing behind. */
  readonly end: string | undefined;
};

/** A client's list, which has heard events since its page was read. */
export type ClientList = ListState & {
  /** Number of the last event about this key since the page was read; 0 when there was none. */
  heardRev(key: string): number;
};

export type Difference = {
  /** `epoch`: the two are of different histories, and nothing else can be said. */
  readonly kind: 'epoch' | 'missing' | 'extra' | 'stale' | 'twice' | 'order';
  readonly key: string | undefined;
  /** `The client lacks 812 (Frieren – Episode 12)` */
  readonly text: string;
};

/**
 * What a client's list has wrong, compared with a page that was read from the database (or from the site) at `truth.cursor`. The
 * client must have heard every change up to that cursor; its page must not have been read later.
 *
 * Compared are the items that both sides know. A page knows all down to its end and nothing behind that; without an end it knows
 * them all. So after removals a client may hold fewer items than the database's page, because those that moved up came from
 * behind its end; and a client that began with a short page may hold more. Of what both know, every item must be there, once, in
 * the same order, and with the same tag, whatever the number of the change that made it.
 *
 * An item about which the client has heard something newer than `truth.cursor` is left out: there the client is ahead of the
 * truth, not wrong. So a site can be compared while it changes.
 *
 * @throws {RangeError} when the client's page was read after the truth
 */
export function differences(client: ClientList, truth: ListState): Difference[] {
  if (!isOfEpoch(client.cursor, truth.cursor)) {
    return [
      {
        kind: 'epoch',
        key: undefined,
        text: `The client is at ${client.cursor}, the truth at ${truth.cursor}: another history`,
      },
    ];
  }
  const truthSeq = seqOf(truth.cursor);
  if (seqOf(client.cursor) > truthSeq)
    throw new RangeError('The page of the client is newer than the truth.');
  const comparable = ({ key, position }: ShownItem): boolean =>
    isKnown(position, client) && isKnown(position, truth) && client.heardRev(key) <= truthSeq;
  return compare(client.items.filter(comparable), truth.items.filter(comparable));
}

/** The list descends. */
function isKnown(position: string, { end }: ListState): boolean {
  return end === undefined || comparePositions(position, end) >= 0;
}

function compare(clientItems: readonly ShownItem[], truthItems: readonly ShownItem[]): Difference[] {
  const shown = new Map<string, ShownItem>();
  const found: Difference[] = [];
  const add = (kind: Difference['kind'], item: ShownItem, what: string): void => {
    found.push({ kind, key: item.key, text: `The client ${what} ${item.key} (${itemTitle(item.html)})` });
  };
  for (const item of clientItems) {
    if (shown.has(item.key)) add('twice', item, 'shows twice');
    shown.set(item.key, item);
  }
  const truths = new Map(truthItems.map((item) => [item.key, item]));
  for (const truth of truthItems) {
    const item = shown.get(truth.key);
    if (!item) add('missing', truth, 'lacks');
    else if (item.tag !== truth.tag) add('stale', truth, `shows "${itemTitle(item.html)}" for`);
  }
  for (const item of shown.values()) if (!truths.has(item.key)) add('extra', item, 'still shows');
  const common = [...shown.keys()].filter((key) => truths.has(key));
  const wanted = [...truths.values()].filter(({ key }) => shown.has(key));
  for (const [index, truth] of wanted.entries()) {
    if (common[index] === truth.key) continue;
    add('order', truth, 'has in another place');
    break;
  }
  return found;
}
