import { formatCursor } from '../../live/log/change';
import { DIGEST_WINDOW } from '../../live/state/digest';
import { wireName } from '../../live/wire-topic';
import type { Database } from '../../platform/database';
import { inLanguage } from '../../web/language';
import { episodePath } from '../episodes/fields';
import { episodePosition, type PublicEpisode, readEpisodesPage, seriesTopic } from '../episodes/public';
import type { PageLists } from './steps';

/** Beside the player; the page of the series has all of them. */
const SIZE = 60;
const BEFORE = 12;

type Place = Pick<PublicEpisode, 'kind' | 'number' | 'seriesId' | 'seriesSlug'>;

/** What `views/watch/episodes.ejs` shows: the episodes of the series from a little ahead of this one on. */
export async function episodeListView(db: Database, place: Place, { words, inPage }: PageLists) {
  const { seriesId } = place;
  const ahead = await readEpisodesPage(db, seriesId, { before: place }, { count: BEFORE });
  const first = ahead.hasPrevious ? ahead.episodes.at(0) : undefined;
  const page = await readEpisodesPage(db, seriesId, first ? { after: first } : 'first', { count: SIZE });
  return {
    topic: wireName(seriesTopic(seriesId), words.language),
    cursor: formatCursor(page.cursor),
    window: DIGEST_WINDOW,
    size: SIZE,
    after: first && episodePosition(first),
    hasMore: page.hasNext,
    fragmentUrl: inLanguage(`${episodePath(place)}/list?series=${seriesId}`, words.language),
    items: inPage(page.episodes, page.cursor),
  };
}
