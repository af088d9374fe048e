import { type Application, type Request, Router } from 'express';
import { formatCursor } from '../../live/log/change';
import type { RenderedItems } from '../../live/rendered';
import { DIGEST_WINDOW } from '../../live/state/digest';
import { wireName } from '../../live/wire-topic';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import { feedLinks } from '../../web/feed-links';
import { languageName } from '../../web/formats';
import { languageTag } from '../../web/input';
import { type FindLanguage, inLanguage, type Language } from '../../web/language';
import type { PageCache, Shelf } from '../../web/page-cache';
import { pageLocals } from '../../web/page-locals';
import { type Words, wordsIn } from '../../web/words';
import { formatPageKey, parsePageKey } from '../episodes/public';
import { MAX_FOLLOWED, parseSeriesIds } from '../following/public';
import { siteMeta } from '../metadata/public';
import { kindLabel, parseSeasonKey, SERIES_KINDS, seasonKey, seasonLabel } from '../series/fields';
import { type GridItem, gridItems } from './drops';
import type { LatestList } from './list';
import { type LatestFilter, PAGE_SIZE, type PageKey, readLanguages, readSeasons } from './public';
import { type GridPage, readGridPage } from './repository';

const PATH = '/episodes/latest';
const GRID_PATH = `${PATH}/grid`;
/** What this device follows, as long as no script has said what that is. */
const MINE = 'mine';

type LatestPages = {
  readonly db: Database;
  readonly log: Logger;
  readonly pages: PageCache;
  readonly items: RenderedItems;
  readonly list: LatestList;
  readonly findLanguage: FindLanguage;
};

/**
 * The latest episodes: the page, and the list alone for a client that was told to `reset`. Both are kept under the number of the
 * list's last change, so there must be nothing on them that can change without one.
 */
export function latestRoutes({ db, log, pages, items, list, findLanguage }: LatestPages): Router {
  const router = Router();
  const topics = [list.topic];
  const inPage = (words: Words, { cursor, items: found }: GridPage): readonly GridItem[] =>
    gridItems(words, found, (episode) =>
      items.inPage({ list, language: words.language }, [episode], cursor.seq, (error, message) =>
        log.error({ err: error }, message),
      ),
    );

  router.get('/', (_request, response) => response.redirect(PATH));

  router.get(PATH, async (request, response) => {
    const query = parseQuery(request);
    const words = wordsIn(findLanguage(request));
    const { language } = words;
    const url = addressOf(request, latestUrl(query), language);
    await pages.answer(request, response, { url, language, topics }, async () => {
      const page = await readGridPage(db, query.filter, query.before);
      // Not before the page: choices from before its cursor would be kept as if they were true at it.
      const choices = { seasons: await readSeasons(db), ...(await readLanguages(db)) };
      const grid = gridView(page, query, {
        topic: wireName(list.topic, language),
        language,
        items: inPage(words, page),
      });
      const html = await renderView(request.app, 'latest/page', {
        ...pageLocals(words, latestUrl(query)),
        ...pageView(words, grid, query, choices),
      });
      return { cursor: page.cursor, html, shelf: shelfOf(page, query) };
    });
  });

  router.get(GRID_PATH, async (request, response) => {
    const query = parseQuery(request);
    const words = wordsIn(findLanguage(request));
    const { language } = words;
    const url = addressOf(request, latestUrl(query, GRID_PATH), language);
    await pages.answer(request, response, { url, language, topics }, async () => {
      const page = await readGridPage(db, query.filter, query.before);
      const grid = gridView(page, query, {
        topic: wireName(list.topic, language),
        language,
        items: inPage(words, page),
      });
      const html = await renderView(request.app, 'latest/grid', { ...words, grid });
      return { cursor: page.cursor, html, shelf: shelfOf(page, query) };
    });
  });

  return router;
}

/** What a device follows is asked for by that device alone. */
function shelfOf({ items }: GridPage, { filter, before }: LatestQuery): Shelf | undefined {
  if (items.length === 0 || filter.followed) return undefined;
  return before ? 'further' : 'first';
}

function renderView(app: Application, name: string, locals: object): Promise<string> {
  return new Promise((resolve, reject) => {
    app.render(name, locals, (error, html) => (error ? reject(error) : resolve(html)));
  });
}

type LatestQuery = { readonly filter: LatestFilter; readonly before?: PageKey | undefined };

function parseQuery(request: Request): LatestQuery {
  const { type, season, audio, subtitles, followed, before } = request.query;
  return {
    filter: {
      ...(hasText(type) && { kind: parseKind(type) }),
      ...(hasText(season) && { season: parseSeason(season) }),
      ...(hasText(audio) && { audio: parseLanguage(audio) }),
      ...(hasText(subtitles) && { subtitles: parseLanguage(subtitles) }),
      ...(hasText(followed) && { followed: parseFollowed(followed) }),
    },
    before: hasText(before) ? parseBefore(before) : undefined,
  };
}

/** An empty field of a form is sent as an empty value; it filters nothing. */
function hasText(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function parseKind(value: unknown) {
  const kind = SERIES_KINDS.find((each) => each === value);
  if (!kind) throw new ClientError(400, `The type of a series is one of ${SERIES_KINDS.join(', ')}.`);
  return kind;
}

function parseSeason(value: unknown) {
  const season = parseSeasonKey(String(value));
  if (!season) throw new ClientError(400, 'A season is a year and its quarter, such as 2026-fall.');
  return season;
}

function parseLanguage(value: unknown): string {
  const parsed = languageTag.safeParse(value);
  if (!parsed.success)
    throw new ClientError(400, 'A language is written as a tag such as en, ja or zh-Hant.');
  return parsed.data;
}

/** By their numbers, each once: another order is no other page. */
function parseFollowed(value: unknown): readonly string[] {
  const ids = value === MINE ? [] : parseSeriesIds(String(value));
  if (!ids)
    throw new ClientError(
      400,
      `What is followed is named by the ids of series, such as 44,45, at most ${MAX_FOLLOWED}.`,
    );
  return [...new Set(ids)].sort((a, b) => Number(a) - Number(b));
}

function parseBefore(value: unknown) {
  const key = parsePageKey(String(value));
  if (!key) throw new ClientError(400, { key: 'error.damagedPage' });
  return key;
}

/** What `views/latest/page.ejs` shows. */
function pageView(
  words: Words,
  grid: ReturnType<typeof gridView>,
  { filter }: LatestQuery,
  { seasons, audio, subtitles }: Choices,
) {
  const { t } = words;
  return {
    title: t('latest.title'),
    meta: siteMeta(
      words,
      // What is on a further page moves on with every episode: only the list as such has an address to remember.
      latestUrl({ filter: { ...filter, followed: undefined } }),
      t('latest.description'),
    ),
    ...(filter.kind && {
      feeds: feedLinks(words, {
        title: t('latest.titleOfKind', { kind: kindLabel(filter.kind, words) }),
        folder: '',
        type: filter.kind,
      }),
    }),
    grid,
    followed: {
      isChosen: filter.followed !== undefined,
      // With what else is chosen. Pressed again it goes away.
      url: latestUrl({ filter: { ...filter, followed: filter.followed ? undefined : [] } }),
      value: filter.followed && followedText(filter.followed),
    },
    kinds: SERIES_KINDS.map((kind) => ({
      value: kind,
      label: kindLabel(kind, words),
      selected: filter.kind === kind,
    })),
    seasons: seasons.map(({ year, season }) => ({
      value: seasonKey(year, season),
      label: seasonLabel(year, season, words),
      selected: filter.season?.year === year && filter.season.season === season,
    })),
    languages: [
      {
        name: 'audio',
        label: t('filter.audio'),
        none: t('filter.anyAudio'),
        options: languageOptions(words, 'items.hear', audio, filter.audio),
      },
      {
        name: 'subtitles',
        label: t('filter.subtitles'),
        none: t('filter.anySubtitles'),
        options: languageOptions(words, 'card.subtitles', subtitles, filter.subtitles),
      },
    ].filter(({ options }) => options.length > 0),
  };
}

type Choices = Awaited<ReturnType<typeof readLanguages>> & {
  readonly seasons: Awaited<ReturnType<typeof readSeasons>>;
};

/** What is chosen stands there also when nothing has that language any more. */
function languageOptions(
  words: Words,
  label: 'items.hear' | 'card.subtitles',
  languages: readonly string[],
  selected: string | undefined,
) {
  const all = new Set([...languages, ...(selected === undefined ? [] : [selected])]);
  return [...all]
    .map((value) => ({
      value,
      label: words.t(label, { language: languageName(value, words) }),
      selected: value === selected,
    }))
    .sort((a, b) => a.label.localeCompare(b.label, words.locale));
}

/** What `views/latest/grid.ejs` shows. */
function gridView(
  page: GridPage,
  query: LatestQuery,
  list: { readonly topic: string; readonly language: Language; readonly items: readonly GridItem[] },
) {
  const { filter, before } = query;
  const { topic, language, items } = list;
  return {
    topic,
    window: DIGEST_WINDOW,
    // What stands behind a drop is on the page besides what fills it. The last page has room for more.
    size: page.next ? Math.max(PAGE_SIZE, items.length) : PAGE_SIZE + items.length,
    cursor: formatCursor(page.cursor),
    items,
    isFirstPage: before === undefined,
    before: before && formatPageKey(before),
    kind: filter.kind ?? '',
    season: filter.season ? seasonKey(filter.season.year, filter.season.season) : '',
    audio: filter.audio ?? '',
    subtitles: filter.subtitles ?? '',
    // An empty one would let all of them in.
    series: filter.followed && (filter.followed.join(' ') || MINE),
    isMine: filter.followed?.length === 0,
    isFiltered: Object.keys(filter).length > 0,
    firstPageUrl: latestUrl({ filter }),
    fragmentUrl: inLanguage(latestUrl(query, GRID_PATH), language),
    previousUrl:
      page.previous && latestUrl({ filter, before: page.previous === 'first' ? undefined : page.previous }),
    nextUrl: page.next && latestUrl({ filter, before: page.next }),
  };
}

/** As it is kept: an address that names its language is another one. */
function addressOf({ query }: Request, url: string, language: Language): string {
  return query.language === language ? inLanguage(url, language) : url;
}

/** The one way in which the site writes the address of a page. */
function latestUrl({ filter, before }: LatestQuery, path = PATH): string {
  const query = new URLSearchParams();
  if (filter.kind) query.set('type', filter.kind);
  if (filter.season) query.set('season', seasonKey(filter.season.year, filter.season.season));
  if (filter.audio) query.set('audio', filter.audio);
  if (filter.subtitles) query.set('subtitles', filter.subtitles);
  if (filter.followed) query.set('followed', followedText(filter.followed));
  if (before) query.set('before', formatPageKey(before));
  return query.size > 0 ? `${path}?${query}`.replaceAll('%2C', ',') : path;
}

/** `44,45` */
function followedText(ids: readonly string[]): string {
  return ids.join() || MINE;
}
