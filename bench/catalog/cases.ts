import {
  readSeriesPage as readBrowsePage,
  readChoices,
  readLetters,
} from '../../src/features/browse/repository';
import { searchEpisodes } from '../../src/features/episodes/list-repository';
import {
  type EpisodesOrder,
  type EpisodesPart,
  findFirstEpisode,
  findPublicEpisodes,
  readEpisodesPage,
} from '../../src/features/episodes/public';
import {
  findEpisode,
  findLastEpisode,
  listChangedEpisodes,
  listEpisodes,
} from '../../src/features/episodes/queries';
import { readLanguages, readLatestPage, readSeasons } from '../../src/features/latest/public';
import { readGridPage } from '../../src/features/latest/repository';
import { readAnnouncedOf } from '../../src/features/schedule/public';
import { findPublicSeries } from '../../src/features/series/public';
import { listSeries } from '../../src/features/series/repository';
import { findWatchedEpisode } from '../../src/features/watch/repository';
import { createLiveLog, readHead } from '../../src/live/log/live-log';
import type { Database } from '../../src/platform/database';
import { LONG_SERIES, RARE_SERIES, RECENT_SERIES, SHORT_SERIES } from './fixed-series';
import type { Probes } from './probes';

/** Something that the site reads, by the function that the site reads it with. */
export type Case = {
  readonly name: string;
  readonly read: (db: Database, probes: Probes) => Promise<unknown>;
};

const recent = { year: RECENT_SERIES.season_year, season: RECENT_SERIES.season } as const;
const longAgo = { year: LONG_SERIES.season_year, season: LONG_SERIES.season } as const;
const rare = { year: RARE_SERIES.season_year, season: RARE_SERIES.season } as const;

const latest: readonly Case[] = [
  { name: 'latest: first page', read: (db) => readLatestPage(db, {}) },
  { name: 'latest: half-way', read: (db, { halfWay }) => readLatestPage(db, {}, { after: halfWay }) },
  { name: 'latest: near the end', read: (db, { nearEnd }) => readLatestPage(db, {}, { after: nearEnd }) },
  { name: 'latest: the commonest type', read: (db) => readLatestPage(db, { kind: 'tv' }) },
  { name: 'latest: a rare type', read: (db) => readLatestPage(db, { kind: 'movie' }) },
  {
    name: 'latest: a rare type, half-way',
    read: (db, { halfWayOfMovies }) => readLatestPage(db, { kind: 'movie' }, { after: halfWayOfMovies }),
  },
  { name: 'latest: this season', read: (db) => readLatestPage(db, { season: recent }) },
  { name: 'latest: a season long ago', read: (db) => readLatestPage(db, { season: longAgo }) },
  { name: 'latest: season with two episodes', read: (db) => readLatestPage(db, { season: rare }) },
  { name: 'latest: type and season', read: (db) => readLatestPage(db, { kind: 'tv', season: recent }) },
  {
    name: 'latest: type and season, two match',
    read: (db) => readLatestPage(db, { kind: 'ova', season: rare }),
  },
  {
    name: 'latest: type and season, none matches',
    read: (db) => readLatestPage(db, { kind: 'web', season: rare }),
  },
  { name: 'latest: a common language', read: (db) => readLatestPage(db, { audio: 'ja' }) },
  { name: 'latest: a rare language', read: (db) => readLatestPage(db, { subtitles: 'de' }) },
  {
    name: 'latest: rare in all, half-way',
    read: (db, { halfWay }) =>
      readLatestPage(db, { kind: 'movie', audio: 'ja', subtitles: 'de' }, { after: halfWay }),
  },
  {
    name: 'latest: languages and season',
    read: (db) => readLatestPage(db, { season: recent, audio: 'ja', subtitles: 'en' }),
  },
  { name: 'latest: what is followed', read: (db, { followed }) => readGridPage(db, { followed }) },
  {
    name: 'latest: what is followed, half-way',
    read: (db, { followed, halfWayOfFollowed }) => readGridPage(db, { followed }, halfWayOfFollowed),
  },
  { name: 'latest: grid, first page', read: (db) => readGridPage(db, {}) },
  { name: 'latest: grouped, half-way', read: (db, { halfWay }) => readGridPage(db, {}, halfWay) },
  { name: 'latest: grouped, near the end', read: (db, { nearEnd }) => readGridPage(db, {}, nearEnd) },
  {
    name: 'latest: grouped, rare in all, half-way',
    read: (db, { halfWay }) => readGridPage(db, { kind: 'movie', audio: 'ja', subtitles: 'de' }, halfWay),
  },
  { name: 'latest: the list of seasons', read: (db) => readSeasons(db) },
  { name: 'latest: the lists of languages', read: (db) => readLanguages(db) },
];

const pages: readonly Case[] = [
  { name: 'series page, 12 episodes', read: (db) => readSeriesPage(db, SHORT_SERIES.slug) },
  { name: 'series page, 80 episodes', read: (db) => readSeriesPage(db, LONG_SERIES.slug) },
  {
    name: 'series page, half-way',
    read: (db) =>
      readSeriesPage(db, LONG_SERIES.slug, { after: { kind: 'regular', number: '40' } }, 'oldest'),
  },
  { name: 'series page, the last', read: (db) => readSeriesPage(db, LONG_SERIES.slug, 'last') },
  {
    name: 'series page, newest first, half-way',
    read: (db) =>
      readSeriesPage(db, LONG_SERIES.slug, { after: { kind: 'regular', number: '40' } }, 'newest'),
  },
  {
    name: 'series page, newest first, the last',
    read: (db) => readSeriesPage(db, LONG_SERIES.slug, 'last', 'newest'),
  },
  { name: 'series page: begin', read: (db, { longSeriesId }) => findFirstEpisode(db, longSeriesId) },
  {
    name: 'series page: what is to come',
    read: (db, { longSeriesId }) => readAnnouncedOf(db, longSeriesId, 25),
  },
  { name: 'watch page', read: (db) => findWatchedEpisode(db, LONG_SERIES.slug, 'regular', '40') },
];

const browse: readonly Case[] = [
  { name: 'all series: first page', read: (db) => readBrowsePage(db, {}) },
  { name: 'all series: half-way', read: (db) => readBrowsePage(db, {}, 'm') },
  { name: 'all series: a rare type', read: (db) => readBrowsePage(db, { kind: 'movie' }) },
  { name: 'all series: this season', read: (db) => readBrowsePage(db, { season: recent }) },
  {
    name: 'all series: a rare season and type',
    read: (db) => readBrowsePage(db, { kind: 'ova', season: rare }),
  },
  { name: 'all series: a rare genre', read: (db) => readBrowsePage(db, { genre: 'kids' }) },
  {
    name: 'all series: a genre and a letter',
    read: (db) => readBrowsePage(db, { genre: 'drama', letter: 's' }),
  },
  { name: 'all series: letters', read: (db) => readLetters(db, { kind: 'tv' }) },
  { name: 'all series: seasons and genres', read: (db) => readChoices(db) },
];

const stream: readonly Case[] = [
  { name: 'stream: head', read: (db) => readHead(db) },
  {
    name: 'stream: the last 200 changes',
    read: (db, { seq }) => createLiveLog(db).readSince(seq - 200, 1_000),
  },
  {
    name: 'stream: ring of a node that starts',
    read: (db, { seq }) => createLiveLog(db).readRecent(seq, 256),
  },
  { name: 'stream: what of 100 is public', read: (db, { replayIds }) => findPublicEpisodes(db, replayIds) },
];

const limit = 51;
const lists: readonly Case[] = [
  { name: 'admin and API: series', read: (db) => listSeries(db, { limit }) },
  {
    name: 'admin and API: series, half-way',
    read: (db, p) => listSeries(db, { limit, after: p.halfWaySeriesId }),
  },
  {
    name: 'admin and API: search, one match',
    read: (db) => listSeries(db, { limit, search: 'tsu dake' }),
  },
  { name: 'admin and API: search, none', read: (db) => listSeries(db, { limit, search: 'Wuthering' }) },
  { name: 'admin and API: search, many', read: (db) => listSeries(db, { limit, search: 'no' }) },
  { name: 'admin and API: episodes', read: (db) => listEpisodes(db, { limit }) },
  {
    name: 'admin and API: episodes, half-way',
    read: (db, p) => listEpisodes(db, { limit, after: p.halfWayEpisodeId }),
  },
  {
    name: 'admin and API: of a series',
    read: (db, p) => listEpisodes(db, { limit, seriesId: p.longSeriesId }),
  },
  { name: 'API: all changes', read: (db) => listChangedEpisodes(db, { limit, since: new Date(0) }) },
  {
    name: 'API: changes, with the deleted',
    read: (db) => listChangedEpisodes(db, { limit, since: new Date(0), deleted: 'include' }),
  },
  { name: 'admin and API: scheduled', read: (db) => listEpisodes(db, { limit, status: 'scheduled' }) },
  { name: 'admin and API: published', read: (db) => listEpisodes(db, { limit, status: 'published' }) },
  {
    name: 'admin and API: drafts of a series',
    read: (db, p) => listEpisodes(db, { limit, seriesId: p.longSeriesId, status: 'draft' }),
  },
  ...(['added', 'published', 'due', 'number', 'edited'] as const).flatMap((order) => [
    { name: `admin: by ${order}`, read: (db: Database) => searchEpisodes(db, {}, { order, limit }) },
    {
      name: `admin: by ${order}, the other end`,
      read: (db: Database) => searchEpisodes(db, {}, { order, isReversed: true, limit }),
    },
  ]),
  {
    name: 'admin: by number, half-way',
    read: (db, p) =>
      searchEpisodes(
        db,
        {},
        { order: 'number', from: { after: { value: '6', id: p.halfWayEpisodeId } }, limit },
      ),
  },
  { name: 'admin: form of an episode', read: (db, p) => findEpisode(db, p.halfWayEpisodeId) },
  { name: 'admin: form of the next episode', read: (db, p) => findLastEpisode(db, p.longSeriesId) },
];

export const CASES: readonly Case[] = [...latest, ...pages, ...browse, ...stream, ...lists];

async function readSeriesPage(
  db: Database,
  slug: string,
  part: EpisodesPart = 'first',
  order: EpisodesOrder = 'newest',
): Promise<unknown> {
  const series = await findPublicSeries(db, slug);
  if (!series) throw new Error(`The generated catalog has no series ${slug}.`);
  return readEpisodesPage(db, series.seriesId, part, { order });
}
