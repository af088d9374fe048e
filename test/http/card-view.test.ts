import { cardViews } from '../../src/http/card-view';
import { publicEpisode } from '../support/catalog';

test('an episode whose card can not be made is left out, told, and takes no other with it', () => {
  const told: string[] = [];
  const episodes = [
    publicEpisode('1'),
    publicEpisode('2', { publishedAt: 'not a time' }),
    publicEpisode('3'),
  ];
  const cards = cardViews(episodes, 7, (_error, message) => told.push(message));
  expect(cards.map(({ episodeId }) => episodeId)).toEqual(['1', '3']);
  expect(told).toEqual(['The card of episode 2 could not be made']);
});
