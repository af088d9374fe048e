import type { Database } from '../../platform/database';
import type { Lists } from '../list';
import type { LoggedChange } from '../log/change';

/** What is public now of what some changes speak of. */
export type PresentItems = {
  /** Undefined when the item is not public. */
  of(change: Pick<LoggedChange, 'kind' | 'key'>): unknown;
};

/** What is asked about: the item of a change that is known to be committed. */
type Asked = Pick<LoggedChange, 'kind' | 'key' | 'seq'>;

/** Reads items as they are now: one query a kind, and one for all who ask for the same changes at the same time. */
export class Present {
  readonly #lists: Lists;
  readonly #db: Database;
  readonly #underWay = new Map<string, Promise<readonly unknown[]>>();

  constructor(lists: Lists, db: Database) {
    this.#lists = lists;
    this.#db = db;
  }

  /** @throws what the database says */
  async read(changes: readonly Asked[]): Promise<PresentItems> {
    const asked = new Map<string, Asked[]>();
    for (const change of changes) {
      const ofKind = asked.get(change.kind) ?? [];
      asked.set(change.kind, ofKind);
      ofKind.push(change);
    }
    const found = new Map<string, unknown>();
    const reading = [...asked].map(async ([name, ofKind]) => {
      const kind = this.#lists.kind(name);
      // Of a newer version of the code: nobody can be shown any of it here.
      if (!kind) return;
      for (const item of await this.#find(name, ofKind)) found.set(`${name} ${kind.keyOf(item)}`, item);
    });
    await Promise.all(reading);
    return { of: ({ kind, key }) => found.get(`${kind} ${key}`) };
  }

  /** A query that is under way for an earlier change of the same items may answer with what was true before this one. */
  #find(name: string, changes: readonly Asked[]): Promise<readonly unknown[]> {
    const question = `${name} ${changes.map(({ key, seq }) => `${key}@${seq}`).join()}`;
    const underWay = this.#underWay.get(question);
    if (underWay) return underWay;
    const keys = [...new Set(changes.map(({ key }) => key))];
    const asking = (this.#lists.kind(name)?.find(this.#db, keys) ?? Promise.resolve([])).finally(() =>
      this.#underWay.delete(question),
    );
    this.#underWay.set(question, asking);
    return asking;
  }
}
