/** Where a card belongs: the newest first, and of the same instant the higher id. */
export type Position = { readonly publishedMs: number; readonly episodeId: bigint };

/** Reads a page key, `<milliseconds since 1970>-<episode id>`; undefined when the text is none. */
export function parsePosition(pageKey: string | null | undefined): Position | undefined {
  const [, publishedMs, episodeId] = /^(-?\d+)-(\d+)$/.exec(pageKey ?? '') ?? [];
  if (publishedMs === undefined || episodeId === undefined) return undefined;
  return { publishedMs: Number(publishedMs), episodeId: BigInt(episodeId) };
}

export function isAhead(a: Position, b: Position): boolean {
  return a.publishedMs === b.publishedMs ? a.episodeId > b.episodeId : a.publishedMs > b.publishedMs;
}
