import type { Database } from '../../platform/database';
import { findSeries } from '../series/public';
import { searchSeries, type TitleMatch } from '../titles/public';
import type { FoundSeries, Known } from './bulk-plan';
import type { EpisodeKind } from './fields';
import { findHostPresets } from './host-presets';
import { findEpisodesAt, findLastEpisodes } from './queries';
import type { Release } from './release-list';

/** So like a title that no other one is meant, … */
const SURE = 0.99;
/** … and so like it that it may be meant, where no other one comes near. */
const LIKELY = 0.8;
const AHEAD = 0.08;

/**
 * Reads what a list is compared with.
 * @param seriesId of lines that name no series
 */
export async function readKnown(
  db: Database,
  releases: readonly Release[],
  seriesId: string | undefined,
): Promise<Known> {
  const titles = [...new Set(releases.map(({ title }) => title))];
  const series = new Map<string, FoundSeries>();
  for (const title of titles) series.set(title, await findOne(db, title, seriesId));
  const idOf = (title: string): string | undefined => {
    const found = series.get(title);
    return found && 'series' in found ? found.series.id : undefined;
  };
  const places = releases.flatMap(({ title, kind, number }) => {
    const id = idOf(title);
    return id === undefined || number === undefined ? [] : [{ seriesId: id, kind, number }];
  });
  const [episodes, lasts] = [
    await findEpisodesAt(db, places),
    await findLastEpisodes(db, [...new Set(places.map((place) => place.seriesId))]),
  ];
  const byPlace = new Map(episodes.map((each) => [placeOf(each.seriesId, each.kind, each.number), each]));
  const lastOf = new Map(lasts.map((each) => [each.seriesId, each]));
  return {
    series,
    findEpisode: (id, kind, number) => byPlace.get(placeOf(id, kind, number)),
    lastOf: (id) => lastOf.get(id),
    presets: await findHostPresets(db),
  };
}

function placeOf(seriesId: string, kind: EpisodeKind, number: string): string {
  return `${seriesId} ${kind} ${number}`;
}

async function findOne(db: Database, title: string, seriesId: string | undefined): Promise<FoundSeries> {
  if (title === '') {
    const series = seriesId === undefined ? undefined : await findSeries(db, seriesId);
    return series
      ? { series, isGuess: false }
      : { problem: 'The line names no series, and none is chosen for such lines.' };
  }
  const [best, second] = await searchSeries(db, title, { limit: 2, withHidden: true });
  if (!best || best.likeness < LIKELY) return { problem: `No series is called “${title}”.` };
  if (second && isNear(best, second))
    return { problem: `“${title}” may be “${best.title}” or “${second.title}”: write it in full.` };
  const series = await findSeries(db, best.seriesId);
  return series
    ? { series, isGuess: best.likeness < SURE }
    : { problem: `The series “${title}” was just deleted.` };
}

/** Two that are the same, or neither of which is. */
function isNear(best: TitleMatch, second: TitleMatch): boolean {
  if (best.likeness >= SURE) return second.likeness >= SURE;
  return best.likeness - second.likeness < AHEAD;
}
