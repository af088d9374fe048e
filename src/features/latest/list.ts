import type { LiveList } from '../../live/list';
import type { Partials } from '../../web/partials';
import { wordsIn } from '../../web/words';
import { cardView, episodeKind, formatPageKey, type PublicEpisode } from '../episodes/public';
import { readLatestPage } from './public';

export type LatestList = LiveList<PublicEpisode>;

/** The latest episodes, as cards: what is public, the newest first. */
export function latestList(partials: Partials): LatestList {
  const render = partials('episodes/card');
  return {
    topic: 'latest',
    kind: episodeKind,
    topicsOf: () => ['latest'],
    positionOf: formatPageKey,
    order: 'descending',
    render: (episode, language) => {
      const words = wordsIn(language);
      return render({ ...words, card: cardView(episode, words) });
    },
    readFirst: async (db, _topic, count) => {
      const { cursor, episodes, next } = await readLatestPage(db, {}, { count });
      return { cursor, items: episodes, hasMore: next !== undefined };
    },
  };
}
