import { Signature } from '../../platform/signature';
import { databaseId } from '../../web/input';

/** Long enough for somebody else to look at it, short enough to be forgotten. */
const LINK_MS = 48 * 3_600_000;

/** Links to episodes that are not public, for whoever has one, and for a time. */
export class PreviewLinks {
  readonly #signature: Signature;

  /** @param secret what all nodes share */
  constructor(secret: string) {
    this.#signature = new Signature(secret, 'preview of an episode');
  }

  /** Its address. The key is in the query, which no log of ours keeps. */
  of(episodeId: string, nowMs = Date.now()): string {
    const content = `${episodeId}.${(nowMs + LINK_MS).toString(36)}`;
    return `/preview?key=${content}.${this.#signature.of(content)}`;
  }

  /** What the key opens; undefined where it opens nothing, or nothing any more. */
  open(key: unknown, nowMs = Date.now()): { readonly episodeId: string; readonly until: Date } | undefined {
    if (typeof key !== 'string') return undefined;
    const [episodeId = '', end = '', signature = '', ...rest] = key.split('.');
    if (rest.length > 0 || !this.#signature.isOf(signature, `${episodeId}.${end}`)) return undefined;
    const untilMs = Number.parseInt(end, 36);
    return databaseId.safeParse(episodeId).success && untilMs > nowMs
      ? { episodeId, until: new Date(untilMs) }
      : undefined;
  }
}
