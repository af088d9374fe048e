/** `small`: an episode is hidden. `card`: a card as usual. `large`: a card with the longest titles there may be. */
export const EVENT_SIZES = ['small', 'card', 'large'] as const;
export type EventSize = (typeof EVENT_SIZES)[number];

/** `atNs`: of process.hrtime(), when the event was committed (or, to a peer, sent). */
export type PublishedEvent = { readonly seq: number; readonly atNs: number };

/** Makes events happen. */
export type EventPublisher = {
  /** Number of the last event. */
  readonly lastSeq: number;
  /** Gets ready for so many events; may make some itself. */
  prepare(size: EventSize, count: number): Promise<void>;
  publish(size: EventSize): Promise<PublishedEvent>;
};

export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}
