import { join } from 'node:path';
import { newestEpisodesList, seriesEpisodesList } from '../features/episodes/lists';
import { latestList } from '../features/latest/list';
import { scheduleList } from '../features/schedule/list';
import { nextList } from '../features/schedule/next';
import { Lists } from '../live/list';
import { projectRoot } from '../platform/project';
import { partialsOf } from '../web/partials';

/** All that is live on the site. */
export function createLists() {
  const partials = partialsOf(join(projectRoot(), 'views'));
  const latest = latestList(partials);
  const seriesEpisodes = seriesEpisodesList(partials);
  const newestEpisodes = newestEpisodesList(partials);
  const schedule = scheduleList(partials);
  const next = nextList(partials);
  // In this order a write is told: a stream of the latest episodes stands at its end then, not ahead of what it need not know.
  const declared = [schedule, next, latest, seriesEpisodes, newestEpisodes];
  return { latest, seriesEpisodes, newestEpisodes, schedule, next, declared, all: new Lists(declared) };
}
