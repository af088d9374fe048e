import { countedWord, wordOf } from '../../web/browser/words';

/** What a list says of itself, in the words of its markup: `data-word-new-one="1 new episode"`. */
export class Words {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** `2 new episodes`, or `24+ new episodes` */
  news(count: number, isAtLeast = false): string {
    return countedWord(this.#root, 'new', count, `${count}${isAtLeast ? '+' : ''}`);
  }

  /** `2 new episodes – show` */
  show(count: number, isAtLeast: boolean): string {
    return wordOf(this.#root, 'show', { news: this.news(count, isAtLeast) });
  }
}
