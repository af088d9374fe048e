import { formatPageKey } from '../../features/episodes/public';
import type { LatestList } from '../../features/latest/list';
import { readLatestPage } from '../../features/latest/public';
import { formatCursor } from '../../live/log/change';
import { RenderedItems } from '../../live/rendered';
import type { Database } from '../../platform/database';
import type { ListState } from './differences';

/**
 * The first page of the latest episodes as the database has it, its cards rendered by this checkout's partial.
 * A site of another version may render the same episode in another way.
 */
export async function readDatabaseList(db: Database, list: LatestList): Promise<ListState> {
  const { cursor, episodes, next } = await readLatestPage(db, {});
  const rendered = new RenderedItems();
  const items = episodes.map((episode) => ({
    ...rendered.of({ list, language: 'en' }, episode),
    rev: cursor.seq,
  }));
  return { cursor: formatCursor(cursor), items, end: next && formatPageKey(next) };
}
