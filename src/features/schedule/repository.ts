import type { Database } from '../../platform/database';
import { ANNOUNCED, type Slot, type SlotRow, toSlot } from './public';
import type { Span } from './week';

/** What is announced in the span, in the order of time. @param seriesIds undefined: of all series */
export async function readAnnounced(
  db: Database,
  { begins, ends }: Span,
  { seriesIds, limit }: { readonly seriesIds: readonly string[] | undefined; readonly limit: number },
): Promise<Slot[]> {
  const { rows } = await db.raw<{ rows: SlotRow[] }>(
    `${ANNOUNCED} where publish_at >= ? and publish_at < ? and (? or series_id = any (?))
     order by publish_at, episode_id limit ?`,
    [begins, ends, seriesIds === undefined, [...(seriesIds ?? [])], limit],
  );
  return rows.map(toSlot);
}
