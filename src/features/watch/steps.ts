import { type Cursor, formatCursor } from '../../live/log/change';
import { wireName } from '../../live/wire-topic';
import { inLanguage } from '../../web/language';
import type { Words } from '../../web/words';
import { type EpisodeKind, episodePath } from '../episodes/fields';
import { episodePosition, type PublicEpisode, seriesTopic } from '../episodes/public';
import type { WatchedEpisode } from './repository';

/** The ways to another episode: each is a list of one, which the stream keeps right. */
const STEPS = {
  previous: { order: 'descending', label: 'watch.previous', bound: 'before' },
  next: { order: 'ascending', label: 'watch.next', bound: 'after' },
} as const;
export type StepName = keyof typeof STEPS;
export const STEP_NAMES = ['previous', 'next'] as const;

/** The lists of a page in one language. */
export type PageLists = {
  readonly words: Words;
  /** Renders the episodes as items of a page that was read at this point. */
  readonly inPage: (
    episodes: readonly PublicEpisode[],
    cursor: Cursor,
  ) => readonly { readonly html: string }[];
};

/** What `views/watch/step.ejs` shows. */
export function stepView(name: StepName, found: WatchedEpisode, { words, inPage }: PageLists) {
  const { episode, cursor } = found;
  const step = found[name];
  const { bound, order, label } = STEPS[name];
  return {
    order,
    label: words.t(label),
    name,
    topic: wireName(seriesTopic(episode.seriesId), words.language),
    cursor: formatCursor(cursor),
    kind: episode.kind,
    [bound]: episodePosition(episode),
    hasMore: step.hasMore,
    fragmentUrl: inLanguage(`${episodePath(episode)}/${name}`, words.language),
    items: inPage(step.episode ? [step.episode] : [], cursor),
  };
}

type Place = Pick<PublicEpisode, 'number' | 'seriesSlug' | 'seriesId'> & { readonly kind: EpisodeKind };

/** What `views/watch/itself.ejs` shows of an episode that is public. */
export function itselfView({ episode, cursor }: WatchedEpisode, { words, inPage }: PageLists) {
  return { ...nothingView(episode, cursor, words), items: inPage([episode], cursor) };
}

/** And of one that is not, or not any more. */
export function nothingView(place: Place, cursor: Cursor, { language }: Words) {
  // Finer than any number of an episode: only this one is between them.
  const [after, before] = [-0.001, 0.001].map((by) =>
    episodePosition({ ...place, number: (Number(place.number) + by).toFixed(3) }),
  );
  return {
    topic: wireName(seriesTopic(place.seriesId), language),
    cursor: formatCursor(cursor),
    kind: place.kind,
    after,
    before,
    fragmentUrl: inLanguage(`${episodePath(place)}/itself?series=${place.seriesId}`, language),
    items: [] as readonly { readonly html: string }[],
  };
}
