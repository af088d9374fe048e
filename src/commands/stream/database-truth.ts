import { parsePosition } from '../../browser/live/card-position';
import { readLatestPage } from '../../catalog/public-catalog';
import { formatCursor, type UpsertEvent } from '../../changes/change-event';
import { formatPageKey } from '../../http/card-view';
import type { CardRenderer } from '../../http/fragments';
import type { Database } from '../../platform/database';
import { type GridCard, type GridState, parseCard } from './grid-fragment';

/**
 * The first page of the grid as the database has it, its cards rendered by this checkout's partial.
 * A site of another version may render the same episode in another way.
 */
export async function readDatabaseGrid(db: Database, renderCard: CardRenderer): Promise<GridState> {
  const { cursor, episodes, next } = await readLatestPage(db, {});
  const cards = episodes.map((episode): GridCard => {
    const event: UpsertEvent = { ...cursor, type: 'upsert', episode, isNew: false };
    const card = parseCard(renderCard(event).html);
    if (!card) throw new Error(`The card of episode ${episode.episodeId} can't be read.`);
    return card;
  });
  return { cursor: formatCursor(cursor), cards, end: next && parsePosition(formatPageKey(next)) };
}
