import { type Request, Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import type { FindLanguage } from '../../web/language';
import { type Words, wordsIn } from '../../web/words';
import { posterOf } from '../artwork/public';
import { siteMeta } from '../metadata/public';
import {
  GENRES,
  genreLabel,
  kindLabel,
  parseSeasonKey,
  SEASONS,
  SERIES_KINDS,
  seasonKey,
  seasonLabel,
  seriesPath,
  slugSchema,
} from '../series/fields';
import {
  LETTERS,
  type ListedSeries,
  readChoices,
  readLetters,
  readSeriesPage,
  type SeriesFilter,
} from './repository';

const PATH = '/series';

type SeriesQuery = { readonly filter: SeriesFilter; readonly after?: string | undefined };

type BrowsePages = { readonly db: Database; readonly findLanguage: FindLanguage };

/** All series by title, and those of a type, a season, a genre or a letter. */
export function browseRoutes({ db, findLanguage }: BrowsePages): Router {
  const router = Router();

  router.get(PATH, async (request, response) => {
    const words = wordsIn(findLanguage(request));
    const { filter, after } = parseQuery(request);
    const [page, letters, choices] = await Promise.all([
      readSeriesPage(db, filter, after),
      readLetters(db, filter),
      readChoices(db),
    ]);
    const seasons = [...choices.seasons].sort(
      (a, b) => b.year - a.year || SEASONS.indexOf(b.season) - SEASONS.indexOf(a.season),
    );
    const { kind, season, genre, letter } = filter;
    response.set('Cache-Control', 'no-cache').render('browse/page', {
      title: headingOf(filter, words),
      meta: siteMeta(words, browseUrl({ filter, after }), words.t('browse.description')),
      kind: kind ?? '',
      kinds: SERIES_KINDS.map((value) => ({
        value,
        label: kindLabel(value, words),
        selected: value === kind,
      })),
      seasons: seasons.map((each) => ({
        value: seasonKey(each.year, each.season),
        label: seasonLabel(each.year, each.season, words),
        selected: each.year === season?.year && each.season === season.season,
      })),
      genres: GENRES.filter((each) => choices.genres.has(each) || each === genre).map((value) => ({
        value,
        label: genreLabel(value, words),
        selected: value === genre,
      })),
      allLettersUrl: browseUrl({ filter: { ...filter, letter: undefined } }),
      letters: LETTERS.map((each) => ({
        label: each.toUpperCase(),
        selected: each === letter,
        url: letters.has(each) ? browseUrl({ filter: { ...filter, letter: each } }) : undefined,
      })),
      series: page.series.map((series) => seriesView(series, words)),
      isFiltered: Boolean(kind || season || genre || letter),
      isFirstPage: after === undefined,
      firstUrl: browseUrl({ filter }),
      previousUrl:
        page.previous === undefined ? undefined : browseUrl({ filter, after: page.previous ?? undefined }),
      nextUrl: page.next && browseUrl({ filter, after: page.next }),
    });
  });

  return router;
}

function parseQuery({ query }: Request): SeriesQuery {
  const { type, season, genre, letter, after } = query;
  return {
    filter: {
      kind: oneOf(SERIES_KINDS, type, 'The type of a series'),
      season: isGiven(season) ? parseSeason(season) : undefined,
      genre: oneOf(GENRES, genre, 'A genre'),
      letter: oneOf(LETTERS, letter, 'A letter'),
    },
    after: isGiven(after) ? parseAfter(after) : undefined,
  };
}

/** An empty field of a form is sent as an empty value; it filters nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function oneOf<Value extends string>(values: readonly Value[], given: unknown, name: string) {
  if (!isGiven(given)) return undefined;
  const value = values.find((each) => each === given);
  if (!value) throw new ClientError(400, `${name} is one of ${values.join(', ')}.`);
  return value;
}

function parseSeason(value: unknown) {
  const season = parseSeasonKey(String(value));
  if (!season) throw new ClientError(400, 'A season is a year and its quarter, such as 2026-fall.');
  return season;
}

function parseAfter(value: unknown): string {
  const parsed = slugSchema.safeParse(value);
  if (!parsed.success) throw new ClientError(400, { key: 'error.damagedPage' });
  return parsed.data;
}

/** The one way in which the site writes the address of such a page. */
function browseUrl({ filter, after }: SeriesQuery): string {
  const { kind, season, genre, letter } = filter;
  const query = new URLSearchParams();
  if (kind) query.set('type', kind);
  if (season) query.set('season', seasonKey(season.year, season.season));
  if (genre) query.set('genre', genre);
  if (letter) query.set('letter', letter);
  if (after) query.set('after', after);
  return query.size > 0 ? `${PATH}?${query}` : PATH;
}

/** `Series`, or what they are: `Series: Movie, Fall 2026, Drama, F` */
function headingOf({ kind, season, genre, letter }: SeriesFilter, words: Words): string {
  const parts = [
    kind && kindLabel(kind, words),
    season && seasonLabel(season.year, season.season, words),
    genre && genreLabel(genre, words),
    letter?.toUpperCase(),
  ].filter(Boolean);
  return parts.length > 0 ? words.t('browse.titleOf', { parts: parts.join(', ') }) : words.t('browse.title');
}

function seriesView(series: ListedSeries, words: Words) {
  const { slug, title, titleLanguage, kind, season, seasonYear, newest } = series;
  return {
    url: seriesPath(slug),
    title,
    titleLanguage,
    poster: posterOf(series),
    kindLabel: kindLabel(kind, words),
    seasonLabel: season && seasonYear ? seasonLabel(seasonYear, season, words) : '',
    stateText: newest ? stateText(kind, newest, words) : words.t('browse.noEpisodes'),
  };
}

/** Where a series has got to. A movie that is here needs no number. */
function stateText(
  kind: ListedSeries['kind'],
  newest: NonNullable<ListedSeries['newest']>,
  { t }: Words,
): string {
  if (kind === 'movie' && newest.number === '1') return t('series.watch');
  const key = newest.kind === 'regular' ? 'browse.upToRegular' : 'browse.upToSpecial';
  return t(key, { number: Number(newest.number) });
}
