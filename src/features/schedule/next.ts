import type { LiveList } from '../../live/list';
import { formatCursor } from '../../live/log/change';
import type { RenderedItems } from '../../live/rendered';
import { DIGEST_WINDOW } from '../../live/state/digest';
import { wireName } from '../../live/wire-topic';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { dateTimeText } from '../../web/formats';
import { inLanguage } from '../../web/language';
import type { Partials } from '../../web/partials';
import { type Words, wordsIn } from '../../web/words';
import { episodeLabel } from '../episodes/fields';
import { seriesPath } from '../series/fields';
import { nextBroadcasts, type PublicSeries } from '../series/public';
import { readAnnouncedOf, type Slot, slotKind } from './public';
import type { UsualDelay } from './usual-delay';
import type { UsualDelays } from './usual-delays';
import { hereAt, usualText } from './usual-view';

export type NextList = LiveList<Slot>;

/** A broadcast is on the air for so long, about as long as an episode. */
const ON_AIR_MS = 30 * 60_000;
/** The one that is shown, and the one that follows it on a page that is open for long. */
const BROADCASTS = 2;

const topicOf = (seriesId: string): string => `next:${seriesId}`;

/** What is announced of each series, in the order of time. A page shows the first, and knows what follows when that is here. */
export function nextList(partials: Partials): NextList {
  const render = partials('series/next-episode');
  return {
    topic: 'next:*',
    kind: slotKind,
    topicsOf: ({ seriesId, isPublic }) => (isPublic ? [] : [topicOf(seriesId)]),
    positionOf: ({ at, episodeId }) => `${Date.parse(at)}-${episodeId}`,
    order: 'ascending',
    render: (slot, language) => {
      const words = wordsIn(language);
      return render({ ...words, next: announcedView(slot, words) });
    },
    readFirst: async (db, topic, count) => {
      const seriesId = topic.slice(topic.indexOf(':') + 1);
      const { cursor, slots } = await readAnnouncedOf(db, seriesId, count + 1);
      return { cursor, items: slots.slice(0, count), hasMore: slots.length > count };
    },
  };
}

type NextParts = {
  readonly db: Database;
  readonly log: Logger;
  readonly items: RenderedItems;
  readonly list: NextList;
  readonly usualDelays: UsualDelays;
};

/** What `views/series/next.ejs` shows: what is announced; where nothing is, the broadcasts that the series' rule lets expect. */
export function readNextOf({ db, log, items, list, usualDelays }: NextParts) {
  return async (series: PublicSeries, words: Words): Promise<object> => {
    const { seriesId, slug } = series;
    const begin = await list.readFirst(db, topicOf(seriesId), DIGEST_WINDOW);
    const broadcasts = nextBroadcasts(series, new Date(Date.now() - ON_AIR_MS), BROADCASTS);
    const usual = broadcasts.length > 0 ? await usualDelays.of([seriesId]) : undefined;
    return {
      topic: wireName(topicOf(seriesId), words.language),
      window: DIGEST_WINDOW,
      cursor: formatCursor(begin.cursor),
      fragmentUrl: inLanguage(`${seriesPath(slug)}/next`, words.language),
      hasMore: begin.hasMore,
      items: items.inPage(
        { list, language: words.language },
        begin.items,
        begin.cursor.seq,
        (error, message) => log.error({ err: error }, message),
      ),
      broadcasts: broadcasts.map((at) => broadcastView(at, usual?.get(seriesId), words)),
    };
  };
}

/** What `views/series/next-episode.ejs` shows. */
function announcedView(slot: Slot, words: Words) {
  return {
    ...timeView(new Date(slot.at), words),
    name: words.t('series.announced', { episode: episodeLabel(slot, words) }),
    atZero: words.t('countdown.soon'),
  };
}

/** The same for a broadcast, which is no item of the list. */
function broadcastView(at: Date, usual: UsualDelay | undefined, words: Words) {
  return {
    ...timeView(at, words),
    name: words.t('series.nextBroadcast'),
    atZero: words.t('countdown.onAir'),
    until: new Date(at.getTime() + ON_AIR_MS).toISOString(),
    usual: usual && { ...timeView(hereAt(at, usual), words), spread: usualText(usual, words) },
  };
}

function timeView(at: Date, words: Words) {
  return { at: at.toISOString(), text: dateTimeText(at, words) };
}
