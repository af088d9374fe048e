import { type Attributes, readItem, readRules, writeItem } from '../state/list-attributes';
import type { ListItem, ListRules } from '../state/list-rules';
import type { ListStore, RenderedList } from '../state/list-store';
import { glide } from './glide';
import { keepPlace } from './keep-place';
import { morph } from './morph';
import type { Visitor } from './visitor';

type ListElementOptions = {
  readonly visitor: Visitor;
  /** Makes of what is the same for everybody what this visitor reads: local times. */
  readonly localize: (root: ParentNode) => void;
};

/**
 * A list in the document, `[data-live-list]`. Its state is in its attributes and those of its items, so that what the server
 * rendered, what the stream sends and what a reading brings are one thing, and what the digest speaks of is what is shown.
 */
export class ListElement implements ListStore<HTMLElement> {
  readonly root: HTMLElement;
  readonly #options: ListElementOptions;
  readonly #list: HTMLElement;
  #rules: ListRules;

  /** @throws when the element lacks what makes it a list */
  constructor(root: HTMLElement, options: ListElementOptions) {
    const list = root.querySelector<HTMLElement>('[data-live-items]');
    const rules = readRules(attributesOf(root));
    if (!list || !rules) throw new Error('A list lacks its items, its topic or its cursor.');
    this.root = root;
    this.#options = options;
    this.#list = list;
    this.#rules = rules;
  }

  get rules(): ListRules {
    return this.#rules;
  }

  get items(): readonly ListItem[] {
    return [...this.#list.children].flatMap((element) => readItem(attributesOf(element)) ?? []);
  }

  parse(html: string): HTMLElement {
    const template = document.createElement('template');
    template.innerHTML = html;
    const [item, ...others] = template.content.children;
    if (!(item instanceof HTMLLIElement) || others.length > 0) throw new Error('The event carries no item.');
    return item;
  }

  data(body: HTMLElement, name: string): string | undefined {
    return body.getAttribute(`data-${name}`) ?? undefined;
  }

  put(item: ListItem, body: HTMLElement, before: string | undefined): void {
    for (const [name, value] of writeItem(item)) body.setAttribute(name, value);
    this.#options.localize(body);
    this.#change(() => {
      const place = before === undefined ? null : this.#find(before);
      const existing = this.#find(item.key);
      if (existing) this.#update(existing, body, place);
      else this.#insert(body, place);
    });
  }

  drop(key: string): void {
    this.#change(() => {
      for (let item = this.#find(key); item; item = this.#find(key)) takeOut(item);
    });
  }

  endAfter(position: string): void {
    const link = this.root.querySelector<HTMLAnchorElement>('a[data-live-next]');
    if (!link?.dataset.liveNext) return;
    const url = new URL(link.href);
    url.searchParams.set(link.dataset.liveNext, position);
    link.href = `${url.pathname}${url.search}${url.hash}`;
  }

  /** The same list in what the server answered; undefined when that holds none, as of a page to log in to a network with. */
  parseAnswer(html: string): RenderedList<HTMLElement> | undefined {
    const template = document.createElement('template');
    template.innerHTML = html;
    for (const fresh of template.content.querySelectorAll<HTMLElement>('[data-live-list]')) {
      const rules = readRules(attributesOf(fresh));
      const list = fresh.querySelector<HTMLElement>('[data-live-items]');
      if (rules?.topic !== this.#rules.topic || !list) continue;
      const items = [...list.children].flatMap((body) => {
        const item = body instanceof HTMLElement && readItem(attributesOf(body));
        return item ? { item, body } : [];
      });
      return {
        rules,
        items,
        show: () => this.#replace(fresh, list, rules),
        showRules: () => this.#renew(fresh, rules),
      };
    }
    return undefined;
  }

  /** Where an item would be that goes ahead of the one with this key; undefined: at the end. */
  placeOf(before: string | undefined): { readonly top: number } {
    const next = before === undefined ? null : this.#find(before);
    return { top: next ? next.getBoundingClientRect().top : this.#list.getBoundingClientRect().bottom };
  }

  /** Focuses the uppermost of these items, and returns it. */
  focusFirst(keys: readonly string[]): HTMLElement | undefined {
    const item = this.#elements().find((each) => keys.includes(each.dataset.key ?? ''));
    item?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
    return item;
  }

  /** Items that stay are kept as they are, with their focus. */
  #replace(fresh: HTMLElement, freshList: HTMLElement, rules: ListRules): void {
    this.#options.localize(fresh);
    this.#change(() => {
      const focused = document.activeElement;
      this.#reconcile([...freshList.children].filter((item) => item instanceof HTMLElement));
      this.#renew(fresh, rules);
      if (focused instanceof HTMLElement && focused.isConnected && this.root.contains(focused))
        focused.focus({ preventScroll: true });
    });
  }

  #renew(fresh: HTMLElement, rules: ListRules): void {
    this.#rules = rules;
    morph(this.root, fresh, this.#list);
  }

  #reconcile(fresh: readonly HTMLElement[]): void {
    const names = new Set(fresh.map(nameOf));
    const known = new Map<string | undefined, HTMLElement>();
    for (const child of [...this.#list.children].filter((each) => each instanceof HTMLElement)) {
      const name = nameOf(child);
      if (!names.has(name) || known.has(name)) takeOut(child);
      else known.set(name, child);
    }
    let place = this.#list.firstElementChild;
    for (const item of fresh) {
      const existing = known.get(nameOf(item));
      if (existing) morph(existing, item);
      const shown = existing ?? item;
      if (shown === place) place = place.nextElementSibling;
      else this.#list.insertBefore(shown, place);
    }
  }

  #update(existing: HTMLElement, body: HTMLElement, place: HTMLElement | null): void {
    for (const { name, value } of existing.attributes)
      if (name.startsWith(OF_PAGE)) body.setAttribute(name, value);
    morph(existing, body);
    if (place === existing.nextElementSibling) return;
    const focused = existing.contains(document.activeElement) ? document.activeElement : null;
    this.#list.insertBefore(existing, place);
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  #insert(body: HTMLElement, place: HTMLElement | null): void {
    body.dataset.arrived = '';
    body.addEventListener('animationend', () => delete body.dataset.arrived, { once: true });
    this.#list.insertBefore(body, place);
  }

  #change(change: () => void): void {
    glide(this.#list, () =>
      keepPlace(this.#list, this.#options.visitor, () => {
        change();
        this.#showCount();
      }),
    );
  }

  #showCount(): void {
    const { length } = this.#elements();
    const empty = this.root.querySelector<HTMLElement>('[data-live-empty]');
    if (empty) empty.hidden = length > 0;
    for (const count of document.querySelectorAll(`[data-live-count="${CSS.escape(this.root.id)}"]`))
      count.textContent = length === 0 ? '' : String(length);
  }

  #elements(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>(':scope > [data-key]')];
  }

  #find(key: string): HTMLElement | null {
    return this.#list.querySelector<HTMLElement>(`:scope > [data-key="${CSS.escape(key)}"]`);
  }
}

/** What a page adds to an item's element begins with this: it stays when the item becomes another one. */
const OF_PAGE = 'data-page-';

/** What is no item of the list is known by its id. */
function nameOf({ dataset, id }: HTMLElement): string {
  return dataset.key === undefined ? `#${id}` : dataset.key;
}

function takeOut(item: HTMLElement): void {
  const hadFocus = item.contains(document.activeElement);
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  // Or the next Tab would begin at the top of the page.
  if (hadFocus) neighbour?.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
}

function attributesOf(element: Element): Attributes {
  return new Map([...element.attributes].map(({ name, value }) => [name, value]));
}
