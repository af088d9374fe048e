import { isAhead, type Position } from '../../browser/live/card-position';
import { cardContent, cardTitle, epochOf, type GridCard, type GridState, seqOf } from './grid-fragment';

/** A client's grid, which has heard events since its page was read. */
export type ClientGrid = GridState & {
  /** Number of the last event about this episode since the page was read; 0 when there was none. */
  heardRev(episodeId: string): number;
};

export type Difference = {
  /** `epoch`: the two are of different histories, and nothing else can be said. */
  readonly kind: 'epoch' | 'missing' | 'extra' | 'stale' | 'twice' | 'order';
  readonly episodeId: string | undefined;
  /** `The client lacks episode 812 (Frieren – Episode 12)` */
  readonly text: string;
};

/**
 * What a client's grid has wrong, compared with a page that was read from the database (or from the site) at
 * `truth.cursor`. The client must have heard every change up to that cursor; its page must not have been read later.
 *
 * Compared are the cards that both sides know. A page knows the episodes from the newest down to its end, that is
 * the position after which its link to older episodes begins, and nothing behind that; without such a link it
 * knows them all. So after removals a client may hold fewer cards than the database's page, because those that
 * moved up came from behind its end; and a client that began with a short page may hold more. Of what both know,
 * every card must be there, once, in the same order, and show the same, whatever the number of the change
 * that made it.
 *
 * An episode about which the client has heard something newer than `truth.cursor` is left out: there the
 * client is ahead of the truth, not wrong. So a site can be compared while it changes.
 *
 * @throws {RangeError} when the client's page was read after the truth
 */
export function differences(client: ClientGrid, truth: GridState): Difference[] {
  if (epochOf(client.cursor) !== epochOf(truth.cursor)) {
    return [
      {
        kind: 'epoch',
        episodeId: undefined,
        text: `The client is at ${client.cursor}, the truth at ${truth.cursor}: another history`,
      },
    ];
  }
  const truthSeq = seqOf(truth.cursor);
  if (seqOf(client.cursor) > truthSeq)
    throw new RangeError('The page of the client is newer than the truth.');
  const comparable = ({ episodeId, position }: GridCard): boolean =>
    isKnown(position, client) && isKnown(position, truth) && client.heardRev(episodeId) <= truthSeq;
  return compare(client.cards.filter(comparable), truth.cards.filter(comparable));
}

function isKnown(position: Position, { end }: GridState): boolean {
  return !end || !isAhead(end, position);
}

function compare(clientCards: readonly GridCard[], truthCards: readonly GridCard[]): Difference[] {
  const shown = new Map<string, GridCard>();
  const found: Difference[] = [];
  const add = (kind: Difference['kind'], card: GridCard, what: string): void => {
    const text = `The client ${what} episode ${card.episodeId} (${cardTitle(card)})`;
    found.push({ kind, episodeId: card.episodeId, text });
  };
  for (const card of clientCards) {
    if (shown.has(card.episodeId)) add('twice', card, 'shows twice');
    shown.set(card.episodeId, card);
  }
  const truths = new Map(truthCards.map((card) => [card.episodeId, card]));
  for (const truth of truthCards) {
    const card = shown.get(truth.episodeId);
    if (!card) add('missing', truth, 'lacks');
    else if (cardContent(card) !== cardContent(truth)) add('stale', truth, `shows "${cardTitle(card)}" for`);
  }
  for (const card of shown.values()) {
    if (!truths.has(card.episodeId)) add('extra', card, 'still shows');
  }
  const common = [...shown.keys()].filter((id) => truths.has(id));
  const wanted = [...truths.values()].filter(({ episodeId }) => shown.has(episodeId));
  for (const [index, truth] of wanted.entries()) {
    if (common[index] === truth.episodeId) continue;
    add('order', truth, 'has in another place');
    break;
  }
  return found;
}
