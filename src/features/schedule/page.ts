import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { formatCursor } from '../../live/log/change';
import type { RenderedItems } from '../../live/rendered';
import { DIGEST_WINDOW } from '../../live/state/digest';
import { wireName } from '../../live/wire-topic';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import { feedLanguage } from '../../web/feed-links';
import { type FindLanguage, inLanguage } from '../../web/language';
import { parseParameters } from '../../web/parameters';
import type { FindOrigin } from '../../web/site-origin';
import { zoneOf } from '../../web/visitor-zone';
import { eachLanguage, type Words, wordsIn } from '../../web/words';
import { findFollowList } from '../following/public';
import { siteMeta } from '../metadata/public';
import { findPublicSeries } from '../series/public';
import { writeCalendar } from './calendar';
import { broadcastView, type ScheduleList } from './list';
import { type Broadcast, readBroadcasts, readSlots, type Slot } from './public';
import { readAnnounced } from './repository';
import type { UsualDelays } from './usual-delays';
import { addDays, type Day, dayOf, parseDay, type Span, spanOf, weekOf } from './week';

const PATH = '/schedule';
/** Of a day; more are only counted. */
const MAX_SLOTS = 100;
/** Of a calendar, of each kind. */
const MAX_EVENTS = 1_000;
/** How far calendars go: all that is broadcast in four weeks, and of a series what is known. */
const SITE_DAYS = 28;
const SERIES_DAYS = 120;
const DAY_MS = 86_400_000;

/** A calendar is in the language of its address, as a feed is. */
const OF_CALENDAR = { language: feedLanguage };

type AskedCalendar = {
  readonly words: Words;
  readonly name: string;
  /** Undefined: of all series. */
  readonly seriesIds?: readonly string[];
  readonly days: number;
};

type SchedulePages = {
  readonly db: Database;
  readonly log: Logger;
  readonly items: RenderedItems;
  readonly list: ScheduleList;
  readonly findOrigin: FindOrigin;
  readonly findLanguage: FindLanguage;
  readonly usualDelays: UsualDelays;
};

/**
 * A week of the schedule, or one day of it, in the visitor's days. Each day is a live list of its own: the part of all that is in
 * the schedule which lies between the day's beginning and its end.
 */
export function scheduleRoutes(parts: SchedulePages): Router {
  const { db, log, items, list, findOrigin, findLanguage, usualDelays } = parts;
  const router = Router();

  const answerCalendar = async (
    request: Request,
    response: Response,
    { words, name, seriesIds, days }: AskedCalendar,
  ): Promise<void> => {
    const now = new Date();
    const span = { begins: now, ends: new Date(now.getTime() + days * DAY_MS) };
    const announced = await readAnnounced(db, span, { seriesIds, limit: MAX_EVENTS });
    const wanted = seriesIds && new Set(seriesIds);
    const broadcasts = (await readBroadcasts(db, span)).filter(
      ({ seriesId }) => wanted?.has(seriesId) ?? true,
    );
    const shown = broadcasts.slice(0, MAX_EVENTS);
    const usual = await usualDelays.of(shown.map(({ seriesId }) => seriesId));
    const { origin } = findOrigin(request);
    const stamp = new Date(now.getTime() - (now.getTime() % DAY_MS));
    response
      .set({ 'Cache-Control': 'private, no-cache', 'X-Robots-Tag': 'noindex' })
      .type('text/calendar')
      .send(writeCalendar({ words, name, origin, announced, broadcasts: shown, usual, stamp }));
  };

  router.get('/schedule.ics', async (request, response) => {
    const { language } = parseParameters(request, OF_CALENDAR);
    await answerCalendar(request, response, { words: wordsIn(language), name: 'nipnime', days: SITE_DAYS });
  });

  router.get('/series/:slug/schedule.ics', async (request, response) => {
    const words = wordsIn(parseParameters(request, OF_CALENDAR).language);
    const series = await findPublicSeries(db, request.params.slug);
    if (!series) throw new ClientError(404, { key: 'error.noSeries' });
    await answerCalendar(request, response, {
      words,
      name: `${series.title} – nipnime`,
      seriesIds: [series.seriesId],
      days: SERIES_DAYS,
    });
  });

  // For whoever has the token of a list of followed series: in the query, which no log of ours keeps.
  router.get('/following/schedule.ics', async (request, response) => {
    const { key, language } = parseParameters(request, { ...OF_CALENDAR, key: z.string() });
    const seriesIds = await findFollowList(db, key);
    if (!seriesIds) throw new ClientError(404, { key: 'error.noList' });
    const words = wordsIn(language);
    const name = words.t('calendar.followed');
    await answerCalendar(request, response, { words, name, seriesIds, days: SERIES_DAYS });
  });

  router.get(PATH, async (request, response) => {
    const now = new Date();
    const zone = zoneOf(request);
    const today = dayOf(now, zone);
    const words = wordsIn(findLanguage(request));
    const { t, language } = words;
    const shown = parseQuery(request, today, words);
    const spans = shown.days.map((day) => spanOf(day, zone));
    const { cursor, spans: slots } = await readSlots(db, spans, MAX_SLOTS + 1);
    const broadcasts = await readToCome(db, spans, now);
    const usual = await usualDelays.of(broadcasts.map(({ seriesId }) => seriesId));
    const days = shown.days.map((day, index) => {
      const slotsOfDay = slots[index] ?? [];
      const inPage = items.inPage(
        { list, language },
        slotsOfDay.slice(0, MAX_SLOTS),
        cursor.seq,
        (error, message) => log.error({ err: error }, message),
      );
      return {
        id: `day-${day}`,
        label: DAY_LABEL(words).format(new Date(day)),
        isToday: day === today,
        isPast: day < today,
        list: { ...boundsOf(spans[index]), items: inPage, hasMore: slotsOfDay.length > MAX_SLOTS },
        fragmentUrl: inLanguage(`${PATH}?day=${day}`, language),
        broadcasts: ofDay(broadcasts, spans[index], slotsOfDay).map((broadcast) =>
          broadcastView(broadcast, usual.get(broadcast.seriesId), words),
        ),
      };
    });
    // The same address shows other days to who lives elsewhere.
    response
      .set('Cache-Control', 'private, no-cache')
      .vary('Cookie')
      .render('schedule/page', {
        zone,
        topic: wireName(list.topic, language),
        cursor: formatCursor(cursor),
        window: DIGEST_WINDOW,
        size: MAX_SLOTS,
        days,
        meta: siteMeta(words, PATH, t('schedule.description')),
        ...shown.heading,
      });
  });

  return router;
}

/** Which days are shown, what they are called, and where those around them are. */
function parseQuery({ query }: Request, today: Day, words: Words) {
  const { t } = words;
  if (query.day !== undefined) {
    const day = parseGiven(query.day);
    const range = DAY_LABEL(words).format(new Date(day));
    const weekUrl = `${PATH}?week=${weekOf(day)[0]}`;
    return { days: [day], heading: { title: t('schedule.titleOf', { range }), range, weekUrl } };
  }
  const days = weekOf(query.week === undefined ? today : parseGiven(query.week));
  const [monday = today] = days;
  const range = WEEK_LABEL(words).formatRange(new Date(monday), new Date(addDays(monday, 6)));
  return {
    days,
    heading: {
      title: query.week === undefined ? t('schedule.title') : t('schedule.titleOf', { range }),
      range,
      previousUrl: `${PATH}?week=${addDays(monday, -7)}`,
      nextUrl: `${PATH}?week=${addDays(monday, 7)}`,
      weekUrl: days.includes(today) ? undefined : PATH,
    },
  };
}

function parseGiven(value: unknown): Day {
  const day = parseDay(String(value));
  if (!day) throw new ClientError(400, 'A day of the schedule is written such as 2026-11-24.');
  return day;
}

/** As `data-after` and `data-before`, exclusive: no episode has the id 0. */
function boundsOf(span: Span | undefined) {
  return span && { after: `${span.begins.getTime()}-0`, before: `${span.ends.getTime()}-0` };
}

/** What was broadcast already is either here or not to be expected at a time. */
async function readToCome(db: Database, spans: readonly Span[], now: Date): Promise<readonly Broadcast[]> {
  const [first, last] = [spans.at(0), spans.at(-1)];
  if (!first || !last || last.ends <= now) return [];
  return readBroadcasts(db, { begins: first.begins > now ? first.begins : now, ends: last.ends });
}

/** Without those of series that have an episode on that day: nobody can tell by the rule which number a broadcast has. */
function ofDay(broadcasts: readonly Broadcast[], span: Span | undefined, slots: readonly Slot[]) {
  const known = new Set(slots.map(({ seriesId }) => seriesId));
  return broadcasts.filter(({ at, seriesId }) => {
    const time = new Date(at);
    return span && time >= span.begins && time < span.ends && !known.has(seriesId);
  });
}

/** Of a day that is written as its midnight in UTC. */
const DAY_LABEL = eachLanguage(
  ({ locale }) =>
    new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }),
);
const WEEK_LABEL = eachLanguage(
  ({ locale }) =>
    new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }),
);
