import { type ItemMarkup, type ListMarkup, parseItemMarkup } from './list-markup';
import type { ListItem, ListRules } from './list-rules';
import type { ListStore, RenderedList } from './list-store';

type StoredItem = ListItem & ItemMarkup;

/** A list that nobody looks at: as a command or a simulation keeps it. */
export class ArrayStore implements ListStore<ItemMarkup> {
  #rules: ListRules;
  #items: StoredItem[];

  constructor({ rules, items }: ListMarkup) {
    this.#rules = rules;
    this.#items = [...items];
  }

  get rules(): ListRules {
    return this.#rules;
  }

  get items(): readonly StoredItem[] {
    return this.#items;
  }

  parse(html: string): ItemMarkup {
    return parseItemMarkup(html);
  }

  data({ attributes }: ItemMarkup, name: string): string | undefined {
    return attributes.get(`data-${name}`);
  }

  put(item: ListItem, body: ItemMarkup, before: string | undefined): void {
    this.drop(item.key);
    const index = before === undefined ? -1 : this.#items.findIndex(({ key }) => key === before);
    this.#items.splice(index === -1 ? this.#items.length : index, 0, { ...item, ...body });
  }

  drop(key: string): void {
    this.#items = this.#items.filter((item) => item.key !== key);
  }

  endAfter(): void {
    // There is no link to what follows.
  }

  /** The list of an answer, to be shown here. */
  rendered(markup: ListMarkup): RenderedList<ItemMarkup> {
    return {
      rules: markup.rules,
      items: markup.items.map((item) => ({ item, body: item })),
      show: () => this.replace(markup),
      showRules: () => {
        this.#rules = markup.rules;
      },
    };
  }

  replace({ rules, items }: ListMarkup): void {
    this.#rules = rules;
    this.#items = [...items];
  }
}
