import type { DestinationStream } from 'pino';

type LogLine = { readonly level: number; readonly msg: string; readonly reason?: string };

export type LogLines = {
  /** Where a logger writes to. */
  readonly destination: DestinationStream;
  /** All that was written so far, as it was written. */
  readonly text: () => string;
  /** The messages of this level (pino's: 30 is info, 40 warn, 50 error) and above. */
  messages(fromLevel: number): string[];
  clear(): void;
};

/** Keeps what is logged, to look at it. */
export function keepLogLines(): LogLines {
  let kept: string[] = [];
  const lines = (): LogLine[] => kept.map((line) => JSON.parse(line));
  return {
    destination: { write: (line) => void kept.push(line) },
    text: () => kept.join(''),
    messages: (fromLevel) =>
      lines()
        .filter(({ level }) => level >= fromLevel)
        .map(({ msg, reason }) => (reason === undefined ? msg : `${msg}: ${reason}`)),
    clear() {
      kept = [];
    },
  };
}
