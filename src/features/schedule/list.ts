import type { LiveList } from '../../live/list';
import type { Partials } from '../../web/partials';
import { eachLanguage, type Words, wordsIn } from '../../web/words';
import { episodeLabel, episodePath } from '../episodes/fields';
import { seriesPath } from '../series/fields';
import { type Broadcast, readSlots, type Slot, slotKind } from './public';
import type { UsualDelay } from './usual-delay';
import { hereAt, usualText } from './usual-view';

export type ScheduleList = LiveList<Slot>;

/** What is here and what is announced, in the order of time. A page shows a part of it for each day. */
export function scheduleList(partials: Partials): ScheduleList {
  const render = partials('schedule/slot');
  return {
    topic: 'schedule',
    kind: slotKind,
    topicsOf: () => ['schedule'],
    positionOf: ({ at, episodeId }) => `${Date.parse(at)}-${episodeId}`,
    order: 'ascending',
    render: (slot, language) => {
      const words = wordsIn(language);
      return render({ ...words, slot: slotView(slot, words) });
    },
    readFirst: async (db, _topic, count) => {
      const { cursor, spans } = await readSlots(db, [{ begins: '-infinity', ends: 'infinity' }], count + 1);
      const items = spans[0] ?? [];
      return { cursor, items: items.slice(0, count), hasMore: items.length > count };
    },
  };
}

/** What `views/schedule/slot.ejs` shows. The same for every visitor. */
function slotView(slot: Slot, words: Words) {
  return {
    ...entryView(slot, words),
    label: episodeLabel(slot, words),
    url: slot.isPublic ? episodePath(slot) : seriesPath(slot.seriesSlug),
    state: slot.isPublic ? 'here' : 'announced',
  };
}

/** The same for a broadcast, which is no item of the list. */
export function broadcastView(broadcast: Broadcast, usual: UsualDelay | undefined, words: Words) {
  const at = usual && hereAt(new Date(broadcast.at), usual);
  return {
    usual: at &&
      usual && { at: at.toISOString(), text: TIME(words).format(at), spread: usualText(usual, words) },
    ...entryView(broadcast, words),
    label: words.t('schedule.broadcast'),
    url: seriesPath(broadcast.seriesSlug),
    state: 'expected',
  };
}

function entryView({ at, seriesId, seriesTitle, seriesTitleLanguage }: Broadcast, words: Words) {
  return { at, timeText: TIME(words).format(new Date(at)), seriesId, seriesTitle, seriesTitleLanguage };
}
const TIME = eachLanguage(
  ({ locale }) => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }),
);
