import { type Response, Router } from 'express';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import { forgetUndo, offerUndo } from '../../web/notice';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { episodeIdOf, unknownEpisode } from './admin-requests';
import { EPISODE_FIELDS, type Episode, episodeLabel, episodeName } from './fields';
import { findEpisode, findLastEpisode, TRASH_DAYS } from './queries';
import { deleteEpisode, restoreEpisode } from './repository';
import { listTrash, type TrashedEpisode } from './trash-repository';
import type { WriteContext } from './write';

const PAGE_SIZE = 50;

/** Deleting an episode, and bringing it back. */
export function episodeTrashRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.get('/trash', async (request, response) => {
    const after = databaseId.safeParse(request.query.after);
    const rows = await listTrash(catalog.db, { after: after.data, limit: PAGE_SIZE + 1 });
    const shown = rows.slice(0, PAGE_SIZE);
    const last = shown.at(-1);
    response.render('episodes/admin-trash', {
      title: 'Trash',
      days: TRASH_DAYS,
      rows: shown.map(trashRow),
      isFirstPage: !after.success,
      nextUrl: rows.length > PAGE_SIZE && last ? `/admin/trash?after=${last.id}` : undefined,
    });
  });

  router.post('/episodes/:id/delete', async (request, response) => {
    const result = await deleteEpisode(catalog, adminActor(response), episodeIdOf(request));
    if (result.outcome !== 'deleted') throw unknownEpisode();
    const { episode } = result;
    offerUndo(request, { text: `${episodeName(episode)} was deleted.`, undo: restoreUrl(episode) });
    await redirectWithSession(request, response, `/admin/episodes?seriesId=${episode.seriesId}`);
  });

  router.get('/episodes/:id/restore', (_request, response) => response.redirect(303, '/admin/trash'));

  router.post('/episodes/:id/restore', async (request, response) => {
    const id = episodeIdOf(request);
    const typed = textOf(request.body, 'number');
    const number = typed === '' ? undefined : EPISODE_FIELDS.number.schema.safeParse(typed);
    if (number && !number.success) {
      const problem = number.error.issues[0]?.message ?? '';
      return renderTaken(response.status(422), await getDeleted(id), { number: typed, problem });
    }
    const result = await restoreEpisode(catalog, adminActor(response), id, number?.data);
    switch (result.outcome) {
      case 'not-found':
        throw unknownEpisode();
      case 'conflict':
        throw new ClientError(409, 'The episode was changed meanwhile.');
      case 'number-taken':
        return renderTaken(response.status(409), await getDeleted(id), {
          by: result.by,
          number: typed,
        });
      case 'external-id-taken':
        throw new ClientError(
          409,
          `It can’t come back: its external id belongs to ${episodeName(result.by)} by now. Give that one another first.`,
        );
      case 'saved': {
        const { episode } = result;
        forgetUndo(request, restoreUrl(episode));
        request.session.notice = {
          text: `${episodeName(episode)} is back.`,
          link: { href: `/admin/episodes/${episode.id}/edit`, label: 'Edit it' },
        };
        return redirectWithSession(request, response, `/admin/episodes?seriesId=${episode.seriesId}`);
      }
      default:
        return result satisfies never;
    }
  });

  async function getDeleted(id: string): Promise<Episode> {
    const episode = await findEpisode(catalog.db, id, { evenDeleted: true });
    if (!episode) throw unknownEpisode();
    return episode;
  }

  /** Its number belongs to another one by now: it can come back with one of its own. */
  async function renderTaken(
    response: Response,
    episode: Episode,
    { by, number, problem }: { readonly by?: Episode; readonly number: string; readonly problem?: string },
  ): Promise<void> {
    const last = await findLastEpisode(catalog.db, episode.seriesId);
    const free = String(Math.floor(Number(last?.number ?? episode.number)) + 1);
    response.render('episodes/admin-restore', {
      title: `Bring back ${episodeLabel(episode, ENGLISH)}`,
      label: episodeLabel(episode, ENGLISH),
      series: {
        id: episode.seriesId,
        title: episode.seriesTitle,
        titleLanguage: episode.seriesTitleLanguage,
      },
      action: restoreUrl(episode),
      by: by && { label: episodeLabel(by, ENGLISH), editUrl: `/admin/episodes/${by.id}/edit` },
      number: problem === undefined ? free : number,
      problem,
    });
  }

  return router;
}

function restoreUrl({ id }: { readonly id: string }): string {
  return `/admin/episodes/${id}/restore`;
}

const DAY_MS = 86_400_000;

function trashRow(episode: TrashedEpisode) {
  const goneAt = new Date(episode.deletedAt.getTime() + TRASH_DAYS * DAY_MS);
  return {
    ...episode,
    label: episodeLabel(episode, ENGLISH),
    deletedBy: episode.deletedBy || 'an import',
    goneAt,
    restoreUrl: restoreUrl(episode),
    historyUrl: `/admin/journal?subject=episode:${episode.id}`,
  };
}
