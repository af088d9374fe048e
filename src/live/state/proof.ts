/** What comes of comparing a list with the digest of a ping. `divergent`: it has to be read again, and somebody has to know. */
export type Comparison = 'untold' | 'equal' | 'doubtful' | 'divergent';

type Doubt = { readonly expected: string; readonly isComplete: boolean };

/**
 * Whether a list shows what it should, by the digests that the server names. One that differs at two pings in a row is wrong: at one
 * alone, what makes it equal may just be on its way. It is told once, until the two have agreed again, so that what can't be healed
 * is not read for ever.
 */
export class Proof {
  #doubt: Doubt | undefined;
  #isKnown = false;

  /**
   * @param expected what the list's digest is at the head of the ping; undefined when the server can't say
   * @param shown what it is here; undefined when the list can't be compared
   * @param isComplete whether the page has heard everything up to that head
   */
  compare(expected: string | undefined, shown: string | undefined, isComplete: boolean): Comparison {
    const before = this.#doubt;
    this.#doubt = undefined;
    if (expected === undefined || shown === undefined) return 'untold';
    if (shown === expected) {
      this.#isKnown = false;
      return 'equal';
    }
    // Where nothing has changed since the last ping, all that led to it has been heard by now, whatever else the head counts.
    const isCertain = before && ((isComplete && before.isComplete) || before.expected === expected);
    if (!isCertain || this.#isKnown) {
      this.#doubt = { expected, isComplete };
      return 'doubtful';
    }
    this.#isKnown = true;
    return 'divergent';
  }
}
