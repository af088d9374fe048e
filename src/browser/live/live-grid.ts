import { Idiomorph } from 'idiomorph';
import { localizeTimes } from '../time/local-time';
import { isAhead, type Position, parsePosition } from './card-position';
import { seqOf } from './cursor';
import type { FreshGrid } from './grid-refresh';
import { keepPlace } from './keep-place';
import type { RemoveEvent, UpsertEvent } from './stream-event';

export type Outcome = 'inserted' | 'updated' | 'removed' | 'ignored';

/**
 * The cards of the page. Their state is in the document (`views/partials/grid.ejs`), so that what the server rendered,
 * what the stream sends and what a refetch brings are one thing.
 */
export class LiveGrid {
  readonly #root: HTMLElement;
  /** Cards on a full page, as the server made it. */
  #pageSize: number;
  /** By episode: an event that was sent before the removal must not bring the card back. */
  readonly #removedAt = new Map<string, number>();

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#pageSize = this.#cards().length;
  }

  /** The point up to which the cards are complete; of the page or of the last refetch. */
  get cursor(): string {
    return this.#root.dataset.cursor ?? '';
  }

  get fragmentUrl(): string {
    return this.#root.dataset.fragmentUrl ?? '';
  }

  has(episodeId: string): boolean {
    return this.#find(episodeId) !== undefined;
  }

  /**
   * Whether the event is news, and of a card that belongs on this page.
   * @throws when it carries no card of its episode
   */
  wants(event: UpsertEvent): boolean {
    if (event.rev <= this.#shownRev(event.episodeId, this.#find(event.episodeId))) return false;
    const { card, position } = parseCard(event);
    return this.#belongs(card, position);
  }

  /** The uppermost of these episodes' cards. */
  focusFirst(episodeIds: readonly string[]): boolean {
    const card = this.#cards().find(({ dataset }) => episodeIds.includes(dataset.episodeId ?? ''));
    card?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
    return card !== undefined;
  }

  /**
   * Makes the card what the event says, or takes it away when it doesn't belong on this page (any more).
   * @throws when the event carries no card of its episode
   */
  upsert(event: UpsertEvent): Outcome {
    const existing = this.#find(event.episodeId);
    if (event.rev <= this.#shownRev(event.episodeId, existing)) return 'ignored';
    const { card, position } = parseCard(event);
    return keepPlace(this.#root, () => {
      if (!this.#belongs(card, position)) return this.#takeOut(existing);
      this.#removedAt.delete(event.episodeId);
      localizeTimes(card);
      const outcome = existing ? this.#update(existing, card, position) : this.#insert(card, position);
      this.#trim();
      this.#showEmptiness();
      // A page that is full to the brim may have pushed out what has just come in.
      return this.#find(event.episodeId) ? outcome : 'ignored';
    });
  }

  remove(event: RemoveEvent): Outcome {
    const existing = this.#find(event.episodeId);
    if (event.rev <= this.#shownRev(event.episodeId, existing)) return 'ignored';
    this.#removedAt.set(event.episodeId, event.rev);
    return keepPlace(this.#root, () => this.#takeOut(existing));
  }

  /** The grid in what the server answered; undefined when that holds none, as of a page to log in to a network with. */
  parse(html: string): FreshGrid | undefined {
    const template = document.createElement('template');
    template.innerHTML = html;
    const fresh = template.content.querySelector<HTMLElement>('[data-live-grid]');
    const cursor = fresh?.dataset.cursor;
    if (!fresh?.querySelector('[data-cards]') || !cursor) return undefined;
    return { cursor, show: () => this.#replace(fresh) };
  }

  /** Cards that stay are kept as they are, with their focus. */
  #replace(fresh: HTMLElement): void {
    localizeTimes(fresh);
    this.#removedAt.clear();
    keepPlace(this.#root, () => morph(this.#root, fresh));
    this.#pageSize = this.#cards().length;
  }

  #shownRev(episodeId: string, card: HTMLElement | undefined): number {
    return Math.max(seqOf(this.cursor), Number(card?.dataset.rev ?? 0), this.#removedAt.get(episodeId) ?? 0);
  }

  #update(existing: HTMLElement, card: HTMLElement, position: Position): Outcome {
    const item = existing.closest('li');
    morph(existing, card);
    if (!item) return 'updated';
    const next = this.#firstBehind(position, item);
    if (next === item.nextElementSibling) return 'updated';
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    this.#list().insertBefore(item, next);
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return 'updated';
  }

  #insert(card: HTMLElement, position: Position): Outcome {
    const item = document.createElement('li');
    item.className = 'cards__item cards__item--new';
    item.addEventListener('animationend', () => item.classList.remove('cards__item--new'), { once: true });
    item.append(card);
    this.#list().insertBefore(item, this.#firstBehind(position));
    return 'inserted';
  }

  #takeOut(card: HTMLElement | undefined): Outcome {
    if (!card) return 'ignored';
    const item = card.closest('li') ?? card;
    const hadFocus = item.contains(document.activeElement);
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    this.#showEmptiness();
    // Or the next Tab would begin at the top of the page.
    if (hadFocus) neighbour?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
    return 'removed';
  }

  /** The item before which a card of that position goes; null: at the end. */
  #firstBehind(position: Position, except?: Element): Element | null {
    for (const card of this.#cards()) {
      const other = parsePosition(card.dataset.pageKey);
      const item = card.closest('li');
      if (item && item !== except && other && isAhead(position, other)) return item;
    }
    return null;
  }

  #belongs(card: HTMLElement, position: Position): boolean {
    return this.#matchesFilter(card) && this.#isOnPage(position);
  }

  /** Between what the page begins after and what its link to older episodes begins after. */
  #isOnPage(position: Position): boolean {
    const after = parsePosition(beforeParameter(this.fragmentUrl));
    if (after && !isAhead(after, position)) return false;
    const olderLink = this.#olderLink();
    const end = olderLink && parsePosition(beforeParameter(olderLink.href));
    return !end || !isAhead(end, position);
  }

  #matchesFilter(card: HTMLElement): boolean {
    const { kind, season } = this.#root.dataset;
    return (!kind || card.dataset.kind === kind) && (!season || card.dataset.season === season);
  }

  /** What no longer fits moves to the next page: the link to it then begins one card earlier. */
  #trim(): void {
    const olderLink = this.#olderLink();
    if (!olderLink) return;
    const cards = this.#cards();
    const last = cards[this.#pageSize - 1];
    if (!last || cards.length === this.#pageSize) return;
    for (const card of cards.slice(this.#pageSize)) this.#takeOut(card);
    const url = new URL(olderLink.href);
    url.searchParams.set('before', last.dataset.pageKey ?? '');
    olderLink.href = `${url.pathname}${url.search}`;
  }

  #showEmptiness(): void {
    const empty = this.#root.querySelector<HTMLElement>('[data-grid-empty]');
    if (empty) empty.hidden = this.#cards().length > 0;
  }

  #cards(): HTMLElement[] {
    return [...this.#root.querySelectorAll<HTMLElement>('[data-episode-id]')];
  }

  #find(episodeId: string): HTMLElement | undefined {
    return this.#cards().find((card) => card.dataset.episodeId === episodeId);
  }

  #list(): HTMLElement {
    const list = this.#root.querySelector<HTMLElement>('[data-cards]');
    if (!list) throw new Error('The grid has no list of cards.');
    return list;
  }

  #olderLink(): HTMLAnchorElement | null {
    return this.#root.querySelector<HTMLAnchorElement>('[data-older-link]');
  }
}

/** Makes the element like the other one, keeping what is alike: pictures that are loaded, and the focus. */
function morph(element: HTMLElement, like: HTMLElement): void {
  // Not `ignoreActiveValue`: it would leave what is in a focused link as it was. Only a <head> makes this asynchronous.
  void Idiomorph.morph(element, like, { morphStyle: 'outerHTML' });
}

function parseCard({ episodeId, html }: UpsertEvent): {
  readonly card: HTMLElement;
  readonly position: Position;
} {
  const template = document.createElement('template');
  template.innerHTML = html;
  const card = template.content.querySelector<HTMLElement>('[data-episode-id]');
  const position = parsePosition(card?.dataset.pageKey);
  if (!card || !position || card.dataset.episodeId !== episodeId)
    throw new Error(`The event carries no card of episode ${episodeId}.`);
  return { card, position };
}

function beforeParameter(address: string): string | null {
  return new URL(address, location.href).searchParams.get('before');
}
