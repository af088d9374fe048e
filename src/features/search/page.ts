import { type Request, Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { parseInput, searchText } from '../../web/input';
import type { FindLanguage } from '../../web/language';
import { ENGLISH, type Message, saidIn, type Words, wordsIn } from '../../web/words';
import { posterOf } from '../artwork/public';
import { siteMeta } from '../metadata/public';
import { guessLanguage, kindLabel, seasonLabel, seriesPath } from '../series/fields';
import { type FoundSeries, findSeriesByTitle } from './repository';

const PATH = '/search';
/** The best on one page; who misses one types more of its title. */
const MAX_RESULTS = 30;
const MAX_SUGGESTIONS = 7;
/** Who types back and forth is answered by the browser. */
const SUGGESTIONS_KEPT_S = 30;
/** No title that somebody types from memory is longer. */
const MAX_LENGTH = 100;

type SearchPages = { readonly db: Database; readonly findLanguage: FindLanguage };

/** Searches series by their titles: the page that the form in the header leads to, and what is shown under its field while it is typed. */
export function searchRoutes({ db, findLanguage }: SearchPages): Router {
  const router = Router();

  router.get(PATH, async (request, response) => {
    const words = wordsIn(findLanguage(request));
    const { problem, ...query } = parseQuery(request);
    const found = query.text ? await findSeriesByTitle(db, query.text, MAX_RESULTS) : [];
    response
      .status(problem === undefined ? 200 : 400)
      .set('Cache-Control', 'no-cache')
      .render('search/page', {
        title: query.text ? words.t('search.titleOf', { text: query.text }) : words.t('search.title'),
        meta: siteMeta(words, PATH, words.t('search.description')),
        search: query.typed,
        query: { ...query, problem: problem && saidIn(words, problem, 'search.notUnderstood') },
        results: found.map((series) => resultView(series, words)),
        isCut: found.length === MAX_RESULTS,
      });
  });

  router.get(`${PATH}/suggestions`, async (request, response) => {
    const words = wordsIn(findLanguage(request));
    const { text, problem } = parseQuery(request);
    if (problem !== undefined)
      throw new ClientError(400, `What is searched for is not right. ${saidIn(ENGLISH, problem)}`);
    const found = text ? await findSeriesByTitle(db, text, MAX_SUGGESTIONS) : [];
    response
      .set('Cache-Control', `public, max-age=${SUGGESTIONS_KEPT_S}`)
      .render('search/suggestions', { results: found.map((series) => resultView(series, words)) });
  });

  return router;
}

type Query = {
  /** As it stands in the field. */
  readonly typed: string;
  /** Empty when there is nothing to search for. */
  readonly text: string;
  /** What is wrong with it. */
  readonly problem: string | Message | undefined;
};

function parseQuery({ query: { q } }: Request): Query {
  const typed = typeof q === 'string' ? q : '';
  const parsed = parseInput(searchText, typed);
  if (!parsed.ok) return { typed: '', text: '', problem: parsed.errors[0]?.message ?? 'Is not right.' };
  const text = parsed.value;
  if (text.length > MAX_LENGTH)
    return {
      typed,
      text: '',
      problem: { key: 'search.tooLong', values: { count: MAX_LENGTH } },
    };
  return { typed, text, problem: undefined };
}

function resultView({ foundBy, ...series }: FoundSeries, words: Words) {
  const isShown = [series.title, series.titleNative].some((title) => title?.includes(foundBy.title));
  return {
    ...series,
    url: seriesPath(series.slug),
    poster: posterOf(series),
    kindLabel: kindLabel(series.kind, words),
    seasonLabel:
      series.season && series.seasonYear ? seasonLabel(series.seasonYear, series.season, words) : undefined,
    // The other titles that bangumi-data knows are Chinese where they are Han alone.
    foundBy: isShown
      ? undefined
      : {
          title: foundBy.title,
          language: foundBy.isReading ? 'ja-Latn' : guessLanguage(foundBy.title, 'zh'),
        },
  };
}
