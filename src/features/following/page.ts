import { json, type Request, type Response, Router } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import type { LiveList } from '../../live/list';
import type { RenderedItems } from '../../live/rendered';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import type { FindLanguage } from '../../web/language';
import { wordsIn } from '../../web/words';
import { type PublicEpisode, readNewestOfSeries } from '../episodes/public';
import { siteMeta } from '../metadata/public';
import {
  createFollowList,
  deleteFollowList,
  MAX_FOLLOWED,
  parseSeriesIds,
  rotateFollowList,
  seriesIds,
  updateFollowList,
} from './public';

const PATH = '/following';
/** Two pages of the grid. */
const SHOWN = 48;

const listSchema = z.strictObject({ series: seriesIds });
/** The token is in the body: what is in an address ends up in logs. */
const ownListSchema = z.strictObject({ token: z.string().max(64), series: seriesIds });
const ownSchema = z.strictObject({ token: z.string().max(64) });

/** By address and hour, in memory alone: who asks is kept nowhere. */
const NEW_LISTS = 10;
const CHANGES = 300;
const HOUR_S = 3_600;

type FollowingPages = {
  readonly db: Database;
  readonly log: Logger;
  readonly items: RenderedItems;
  /** Its cards are shown. */
  readonly list: LiveList<PublicEpisode>;
  readonly clientAddress: (request: Request) => string;
  readonly findLanguage: FindLanguage;
};

/**
 * What somebody follows is kept on their device, which asks by `/following?series=44,45`. Only who wants addresses for a feed reader and
 * a calendar leaves the list here, under a token.
 */
export function followingRoutes(parts: FollowingPages): Router {
  const { db, log, items, list, clientAddress, findLanguage } = parts;
  const router = Router();
  const newLists = new RateLimiterMemory({ points: NEW_LISTS, duration: HOUR_S });
  const changes = new RateLimiterMemory({ points: CHANGES, duration: HOUR_S });
  const limit = async (limiter: RateLimiterMemory, request: Request): Promise<void> => {
    try {
      await limiter.consume(clientAddress(request));
    } catch {
      throw new ClientError(429, 'That was often enough for now. Try again in an hour.');
    }
  };

  router.get(PATH, async (request, response) => {
    const words = wordsIn(findLanguage(request));
    const followed = parseSeries(request.query.series);
    const { cursor, episodes } = await readNewestOfSeries(db, followed, SHOWN);
    const cards = items.inPage({ list, language: words.language }, episodes, cursor.seq, (error, message) =>
      log.error({ err: error }, message),
    );
    response.set('Cache-Control', 'private, no-cache').render('following/page', {
      title: words.t('following.title'),
      meta: siteMeta(words, PATH, words.t('following.description')),
      items: cards,
      isAsked: followed.length > 0,
    });
  });

  router.post(`${PATH}/lists`, body, async (request, response) => {
    const { series } = parse(listSchema, request);
    await limit(newLists, request);
    answer(response.status(201), { token: await createFollowList(db, series) });
  });

  router.put(`${PATH}/lists`, body, async (request, response) => {
    const { token, series } = parse(ownListSchema, request);
    await limit(changes, request);
    if (!(await updateFollowList(db, token, series))) throw noList();
    response.status(204).end();
  });

  router.post(`${PATH}/lists/rotate`, body, async (request, response) => {
    const { token } = parse(ownSchema, request);
    await limit(newLists, request);
    const next = await rotateFollowList(db, token);
    if (next === undefined) throw noList();
    answer(response, { token: next });
  });

  router.delete(`${PATH}/lists`, body, async (request, response) => {
    const { token } = parse(ownSchema, request);
    await limit(changes, request);
    if (!(await deleteFollowList(db, token))) throw noList();
    response.status(204).end();
  });

  return router;
}

/** Also what keeps other sites out: without our consent a browser sends them no JSON. */
const body = json({ limit: '16kb' });

function parse<Schema extends z.ZodType>(schema: Schema, { body }: Request): z.output<Schema> {
  const { data, success } = schema.safeParse(body);
  if (!success) throw new ClientError(400, `A list has at most ${MAX_FOLLOWED} series, each by its id.`);
  return data;
}

function parseSeries(value: unknown): readonly string[] {
  if (value === undefined || value === '') return [];
  const ids = parseSeriesIds(String(value));
  if (!ids)
    throw new ClientError(400, `Series are asked for such as ?series=44,45, at most ${MAX_FOLLOWED}.`);
  return ids;
}

function noList(): ClientError {
  return new ClientError(404, 'There is no list with this token.');
}

function answer(response: Response, content: object): void {
  response.set('Cache-Control', 'no-store').json(content);
}
