import { findEpisode, findLastEpisode, listEpisodes } from '../../src/catalog/episode-queries';
import { findPublicEpisodes, readLatestPage, readSeasons } from '../../src/catalog/public-catalog';
import {
  type EpisodesPart,
  findPublicSeries,
  findWatchedEpisode,
  readEpisodesPage,
} from '../../src/catalog/public-series';
import { listSeries } from '../../src/catalog/series-repository';
import { readChangesSince, readHead, readRecentChanges } from '../../src/changes/change-log';
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
  { name: 'latest: half-way', read: (db, { halfWay }) => readLatestPage(db, {}, halfWay) },
  { name: 'latest: near the end', read: (db, { nearEnd }) => readLatestPage(db, {}, nearEnd) },
  { name: 'latest: the commonest type', read: (db) => readLatestPage(db, { kind: 'tv' }) },
  { name: 'latest: a rare type', read: (db) => readLatestPage(db, { kind: 'movie' }) },
  {
    name: 'latest: a rare type, half-way',
    read: (db, { halfWayOfMovies }) => readLatestPage(db, { kind: 'movie' }, halfWayOfMovies),
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
  { name: 'latest: the list of seasons', read: (db) => readSeasons(db) },
];

const pages: readonly Case[] = [
  { name: 'series page, 12 episodes', read: (db) => readSeriesPage(db, SHORT_SERIES.slug) },
  { name: 'series page, 80 episodes', read: (db) => readSeriesPage(db, LONG_SERIES.slug) },
  {
    name: 'series page, half-way',
    read: (db) => readSeriesPage(db, LONG_SERIES.slug, { after: { kind: 'regular', number: '40' } }),
  },
  { name: 'series page, the last', read: (db) => readSeriesPage(db, LONG_SERIES.slug, 'last') },
  { name: 'watch page', read: (db) => findWatchedEpisode(db, LONG_SERIES.slug, 'regular', '40') },
];

const stream: readonly Case[] = [
  { name: 'stream: head', read: (db) => readHead(db) },
  {
    name: 'stream: the last 200 changes',
    read: (db, { epoch, seq }) => readChangesSince(db, epoch, seq - 200, 1_000),
  },
  {
    name: 'stream: ring of a node that starts',
    read: (db, { epoch, seq }) => readRecentChanges(db, epoch, seq, 256),
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
  { name: 'admin and API: scheduled', read: (db) => listEpisodes(db, { limit, status: 'scheduled' }) },
  { name: 'admin and API: published', read: (db) => listEpisodes(db, { limit, status: 'published' }) },
  {
    name: 'admin and API: drafts of a series',
    read: (db, p) => listEpisodes(db, { limit, seriesId: p.longSeriesId, status: 'draft' }),
  },
  { name: 'admin: form of an episode', read: (db, p) => findEpisode(db, p.halfWayEpisodeId) },
  { name: 'admin: form of the next episode', read: (db, p) => findLastEpisode(db, p.longSeriesId) },
];

export const CASES: readonly Case[] = [...latest, ...pages, ...stream, ...lists];

async function readSeriesPage(db: Database, slug: string, part: EpisodesPart = 'first'): Promise<unknown> {
  const series = await findPublicSeries(db, slug);
  if (!series) throw new Error(`The generated catalog has no series ${slug}.`);
  return readEpisodesPage(db, series.seriesId, part);
}
