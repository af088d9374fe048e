import type { LiveList } from '../../live/list';
import type { Partials } from '../../web/partials';
import { wordsIn } from '../../web/words';
import { cardView } from './card';
import { type EpisodesOrder, readEpisodesPage } from './public';
import {
  episodeKind,
  episodePosition,
  newestFirstPosition,
  newestFirstTopic,
  type PublicEpisode,
  seriesTopic,
} from './public-episode';

export type SeriesEpisodesList = LiveList<PublicEpisode>;

/** The episodes of each series, as rows: regular ones first, in the order of their numbers. */
export function seriesEpisodesList(partials: Partials): SeriesEpisodesList {
  return {
    ...rowsOf(partials, 'oldest'),
    topic: 'series:*',
    topicsOf: ({ seriesId }) => [seriesTopic(seriesId)],
    positionOf: episodePosition,
  };
}

/** The same rows with the highest number first, which is what a series' page shows unless it is asked otherwise. */
export function newestEpisodesList(partials: Partials): SeriesEpisodesList {
  return {
    ...rowsOf(partials, 'newest'),
    topic: 'newest:*',
    topicsOf: ({ seriesId }) => [newestFirstTopic(seriesId)],
    positionOf: newestFirstPosition,
  };
}

function rowsOf(
  partials: Partials,
  order: EpisodesOrder,
): Pick<SeriesEpisodesList, 'kind' | 'order' | 'render' | 'readFirst'> {
  const render = partials('series/episode-row');
  return {
    kind: episodeKind,
    // Positions rise either way: see newestFirstPosition.
    order: 'ascending',
    render: (episode, language) => {
      const words = wordsIn(language);
      return render({ ...words, card: cardView(episode, words) });
    },
    readFirst: async (db, topic, count) => {
      const seriesId = topic.slice(topic.indexOf(':') + 1);
      const page = await readEpisodesPage(db, seriesId, 'first', { order, count });
      return { cursor: page.cursor, items: page.episodes, hasMore: page.hasNext };
    },
  };
}
