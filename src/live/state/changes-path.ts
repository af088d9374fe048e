/** Where what comes after a point is asked for: `/changes/k3f9.10422?topics=latest,series:44&wait=119686442`. */
export type ChangesAddress = {
  /** The cursor after which it begins. */
  readonly point: string;
  /** In the order of their names, each once. */
  readonly topics: readonly string[];
  /** The turn up to whose end the answer may wait for the first change; undefined: it comes at once. */
  readonly turn?: number | undefined;
};

/** The one spelling of the address: a cache must know that two ask for the same. */
export function changesPath({ point, topics, turn }: ChangesAddress): string {
  const wait = turn === undefined ? '' : `&wait=${turn}`;
  return `/changes/${point}?topics=${topics.join()}${wait}`;
}
