import { type Request, Router } from 'express';
import { findLastAct } from '../../journal/journal';
import { parseSearch } from '../../web/addresses';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import { listAddress, undoUrl } from '../../web/list-page';
import { offerUndo } from '../../web/notice';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { findSeries } from '../series/public';
import { searchSeries } from '../titles/public';
import { type Episode, episodeLabel, episodeName } from './fields';
import { findEpisode, findEpisodesAt } from './queries';
import { moveEpisode } from './repository';
import type { WriteContext } from './write';

const PATH = '/admin/episodes';
const MAX_CHOICES = 8;
const MAX_EPISODES = 50;

/** Moving episodes to another series: which one is chosen among those that were searched for. */
export function episodeMoveRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.get('/episodes/move', async (request, response) => {
    const episodes = await getEpisodes(idsOf(request.query.episodes));
    const search = parseSearch(request.query.search);
    const matches =
      search === '' ? [] : await searchSeries(catalog.db, search, { limit: MAX_CHOICES, withHidden: true });
    const choices = [];
    for (const { seriesId } of matches) {
      const series = await findSeries(catalog.db, seriesId);
      if (!series) continue;
      const taken = await findTaken(episodes, seriesId);
      choices.push({
        id: series.id,
        title: series.title,
        titleLanguage: series.titleLanguage,
        titleNative: series.titleNative === series.title ? null : series.titleNative,
        nativeLanguage: series.nativeLanguage ?? series.titleLanguage,
        visible: series.visible,
        isHere: episodes.every((episode) => episode.seriesId === series.id),
        taken: taken.map((episode) => episodeLabel(episode, ENGLISH)),
      });
    }
    response.render('episodes/admin-move', {
      title: 'Move to another series',
      episodes: episodes.map((episode) => ({ id: episode.id, name: episodeName(episode) })),
      ids: episodes.map(({ id }) => id).join(','),
      back: listAddress(PATH, request.query.back),
      search,
      choices,
    });
  });

  router.post('/episodes/move', async (request, response) => {
    const episodes = await getEpisodes(idsOf(textOf(request.body, 'episodes')));
    const seriesId = databaseId.safeParse(textOf(request.body, 'seriesId'));
    const series = seriesId.success ? await findSeries(catalog.db, seriesId.data) : undefined;
    if (!series) throw new ClientError(422, 'No series was chosen: go back, and choose one.');
    const actor = adminActor(response);
    const acts: string[] = [];
    const problems: string[] = [];
    for (const episode of episodes) {
      const result = await moveEpisode(catalog, actor, episode.id, series.id);
      if (result.outcome === 'number-taken') {
        problems.push(`There is an ${episodeName(result.by)} already.`);
      } else if (result.outcome !== 'saved') {
        problems.push(`${episodeName(episode)} is not there any more.`);
      } else if (result.episode.id !== episode.id) {
        const subject = { subjectKind: 'episode', subjectId: result.episode.id, action: 'episode.create' };
        const act = await findLastAct(catalog.db, actor, subject);
        if (act) acts.push(act);
      }
    }
    const moved = acts.length === 1 ? '1 episode' : `${acts.length} episodes`;
    const text = [`${moved} moved to “${series.title}”.`, ...problems].join(' ');
    if (acts.length > 0) offerUndo(request, { text, undo: undoUrl(PATH, acts) });
    else request.session.notice = { text };
    await redirectWithSession(request, response, listAddress(PATH, textOf(request.body, 'back')));
  });

  async function getEpisodes(ids: readonly string[]): Promise<readonly Episode[]> {
    const found: Episode[] = [];
    for (const id of ids) {
      const episode = await findEpisode(catalog.db, id);
      if (episode) found.push(episode);
    }
    if (found.length === 0) throw new ClientError(404, 'None of these episodes is there any more.');
    return found;
  }

  /** Those in the way in that series. */
  async function findTaken(episodes: readonly Episode[], seriesId: string): Promise<readonly Episode[]> {
    const coming = episodes.filter((episode) => episode.seriesId !== seriesId);
    return findEpisodesAt(
      catalog.db,
      coming.map(({ kind, number }) => ({ seriesId, kind, number })),
    );
  }

  return router;
}

/** The address of the page on which a series is chosen for these episodes. */
export function moveUrl(ids: readonly string[], back: string): string {
  return `/admin/episodes/move?${new URLSearchParams({ episodes: ids.join(','), back })}`;
}

function idsOf(value: Request['query'][string]): readonly string[] {
  const ids = typeof value === 'string' ? value.split(',') : [];
  if (ids.length === 0 || ids.length > MAX_EPISODES || !ids.every((id) => databaseId.safeParse(id).success))
    throw new ClientError(400, 'This link to move episodes is damaged.');
  return ids;
}
