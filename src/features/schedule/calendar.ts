import ical, { ICalEventStatus } from 'ical-generator';
import type { Words } from '../../web/words';
import { episodeLabel } from '../episodes/fields';
import { seriesPath } from '../series/fields';
import type { Broadcast, Slot } from './public';
import type { UsualDelay } from './usual-delay';
import { hereAt, usualText } from './usual-view';

/** What is to come, as a calendar tells it. */
export type Calendar = {
  readonly words: Words;
  readonly name: string;
  /** `https://anime.example` */
  readonly origin: string;
  readonly announced: readonly Slot[];
  readonly broadcasts: readonly Broadcast[];
  readonly usual: ReadonlyMap<string, UsualDelay>;
  /** When it is written, to the day, so that nothing differs where nothing has changed. */
  readonly stamp: Date;
};

/** About what an episode lasts: nobody knows it yet. */
const LENGTH_MS = 30 * 60_000;
/** A broadcast that is announced here is one event, not two. */
const SAME_MS = 36 * 3_600_000;
const REFRESH_S = 3_600;

/** Writes the calendar as iCalendar (RFC 5545), all times in UTC. */
export function writeCalendar({
  words,
  name,
  origin,
  announced,
  broadcasts,
  usual,
  stamp,
}: Calendar): string {
  const { t } = words;
  const host = new URL(origin).hostname;
  const calendar = ical({
    // The writer leaves these as they are in a name.
    name: name.replace(/[,;\\\r\n]+/g, ' '),
    prodId: '//nipnime//schedule//EN',
    ttl: REFRESH_S,
  });
  for (const slot of announced) {
    calendar.createEvent({
      id: `episode-${slot.episodeId}@${host}`,
      ...spanOf(new Date(slot.at)),
      stamp,
      summary: `${slot.seriesTitle} – ${episodeLabel(slot, words)}`,
      description: t('calendar.announced'),
      url: `${origin}${seriesPath(slot.seriesSlug)}`,
      status: ICalEventStatus.CONFIRMED,
    });
  }
  for (const broadcast of broadcasts) {
    if (announced.some((slot) => isSame(slot, broadcast))) continue;
    const delay = usual.get(broadcast.seriesId);
    const at = new Date(broadcast.at);
    calendar.createEvent({
      id: `broadcast-${broadcast.seriesId}-${at.getTime()}@${host}`,
      ...spanOf(delay ? hereAt(at, delay) : at),
      stamp,
      summary: t(delay ? 'calendar.usually' : 'calendar.broadcast', { series: broadcast.seriesTitle }),
      description: delay
        ? t('calendar.usuallyText', { spread: usualText(delay, words) })
        : t('calendar.broadcastText'),
      url: `${origin}${seriesPath(broadcast.seriesSlug)}`,
      status: ICalEventStatus.TENTATIVE,
    });
  }
  return calendar.toString();
}

function isSame(slot: Slot, broadcast: Broadcast): boolean {
  if (slot.seriesId !== broadcast.seriesId) return false;
  return Math.abs(Date.parse(slot.at) - Date.parse(broadcast.at)) < SAME_MS;
}

function spanOf(start: Date): { readonly start: Date; readonly end: Date } {
  return { start, end: new Date(start.getTime() + LENGTH_MS) };
}
