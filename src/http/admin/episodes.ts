import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import {
  EPISODE_STATUSES,
  type Episode,
  episodeLabel,
  episodePath,
  episodeSchema,
  publicationProblem,
} from '../../catalog/episode';
import { findEpisode, findLastEpisode, listEpisodes } from '../../catalog/episode-queries';
import {
  createEpisode,
  deleteEpisode,
  type EpisodeWriteResult,
  restoreEpisode,
  updateEpisode,
} from '../../catalog/episode-repository';
import { databaseId, parseInput } from '../../catalog/input';
import { guessLanguage, type Series } from '../../catalog/series';
import { findSeries } from '../../catalog/series-repository';
import { dateTimeText } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { adminActor } from '../sessions';
import {
  differences,
  EMPTY_SERVER,
  EPISODE_CHOICES,
  EPISODE_FIELD_NAMES,
  type EpisodeForm,
  episodeForm,
  episodeFormFromBody,
  episodeFormToInput,
  inWordsOfForm,
  newEpisodeForm,
  withKeptSeconds,
  withoutEmptyServers,
} from './episode-form';
import { type FormErrors, formErrors, NO_ERRORS, textOf } from './form';
import { redirectWithSession } from './redirect';

const PAGE_SIZE = 50;

export function episodeRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/episodes', async (request, response) => {
    const filter = listFilter(request);
    const rows = await listEpisodes(catalog.db, { ...filter, limit: PAGE_SIZE + 1 });
    const shown = rows.slice(0, PAGE_SIZE);
    const last = shown.at(-1);
    response.render('admin/episodes-list', {
      title: 'Episodes',
      series: filter.seriesId ? await findSeries(catalog.db, filter.seriesId) : undefined,
      statuses: EPISODE_STATUSES,
      status: filter.status ?? '',
      rows: shown.map(episodeRow),
      isFirstPage: filter.after === undefined,
      nextUrl: rows.length > PAGE_SIZE && last ? listUrl({ ...filter, after: last.id }) : undefined,
    });
  });

  router.get('/series/:seriesId/episodes/new', async (request, response) => {
    const series = await getSeries(request.params.seriesId);
    const form = newEpisodeForm(await findLastEpisode(catalog.db, series.id));
    renderForm(response, { form, series });
  });

  router.post('/series/:seriesId/episodes', async (request, response) => {
    const series = await getSeries(request.params.seriesId);
    const form = episodeFormFromBody(request.body);
    if (changesRows(request)) return renderForm(response, { form: withChangedRows(request, form), series });
    const checked = withoutEmptyServers(form);
    const parsed = parseInput(episodeSchema, episodeFormToInput(checked));
    if (!parsed.ok) return renderRefused(response, { form: checked, series, errors: parsed.errors });
    const problem = publicationProblem(parsed.value, undefined, new Date());
    if (problem) return renderRefused(response, { form: checked, series, errors: [problem] });
    await answer(
      request,
      response,
      checked,
      await createEpisode(catalog, adminActor(response), series.id, parsed.value),
      {
        series,
      },
    );
  });

  router.get('/episodes/:id/edit', async (request, response) => {
    const episode = await getEpisode(request);
    const series = await getSeries(episode.seriesId);
    renderForm(response, { form: episodeForm(episode), series, episode });
  });

  router.post('/episodes/:id', async (request, response) => {
    const episode = await getEpisode(request);
    const series = await getSeries(episode.seriesId);
    const form = withKeptSeconds(episodeFormFromBody(request.body), episode);
    if (changesRows(request))
      return renderForm(response, { form: withChangedRows(request, form), series, episode });
    const checked = withoutEmptyServers(form);
    const parsed = parseInput(episodeSchema, episodeFormToInput(checked));
    if (!parsed.ok) return renderRefused(response, { form: checked, series, episode, errors: parsed.errors });
    const { value } = parsed;
    // Of another version than the form is, it will be a conflict, which shows both.
    if (String(episode.version) === checked.version) {
      const problem = publicationProblem(value, episode, new Date());
      if (problem) return renderRefused(response, { form: checked, series, episode, errors: [problem] });
    }
    const result = await updateEpisode(
      catalog,
      adminActor(response),
      episode.id,
      () => value,
      Number(checked.version),
    );
    await answer(request, response, checked, result, { series, episode });
  });

  router.post('/episodes/:id/delete', async (request, response) => {
    const episode = await getEpisode(request);
    await deleteEpisode(catalog, adminActor(response), episode.id);
    request.session.notice = {
      text: `${episodeLabel(episode)} of “${episode.seriesTitle}” was deleted.`,
      undo: `/admin/episodes/${episode.id}/restore`,
    };
    await redirectWithSession(request, response, `/admin/episodes?seriesId=${episode.seriesId}`);
  });

  router.post('/episodes/:id/restore', async (request, response) => {
    const result = await restoreEpisode(catalog, adminActor(response), idOf(request));
    if (result.outcome === 'not-found') throw new ClientError(404, 'There is no such episode.');
    if (result.outcome === 'number-taken') {
      throw new ClientError(
        409,
        `${episodeLabel(result.by)} exists again: its number was given to another episode.`,
      );
    }
    if (result.outcome === 'conflict') throw new ClientError(409, 'The episode was changed meanwhile.');
    const { episode } = result;
    request.session.notice = { text: `${episodeLabel(episode)} of “${episode.seriesTitle}” is back.` };
    await redirectWithSession(request, response, `/admin/episodes?seriesId=${episode.seriesId}`);
  });

  async function getEpisode(request: Request): Promise<Episode> {
    const episode = await findEpisode(catalog.db, idOf(request));
    if (!episode) throw new ClientError(404, 'There is no such episode.');
    return episode;
  }

  async function getSeries(id: string): Promise<Series> {
    const parsed = databaseId.safeParse(id);
    const series = parsed.success ? await findSeries(catalog.db, parsed.data) : undefined;
    if (!series) throw new ClientError(404, 'There is no such series.');
    return series;
  }

  return router;
}

function idOf(request: Request): string {
  const parsed = databaseId.safeParse(request.params.id);
  if (!parsed.success) throw new ClientError(404, 'There is no such episode.');
  return parsed.data;
}

/** An empty field of a form filters nothing; what is damaged must not show all episodes as if they were of one series. */
function listFilter(request: Request) {
  const { seriesId, after, status } = request.query;
  const parsed = parseInput(LIST_FILTER, {
    ...(seriesId !== '' && { seriesId }),
    ...(after !== '' && { after }),
    ...(status !== '' && { status }),
  });
  if (!parsed.ok) throw new ClientError(400, 'This link to a list of episodes is damaged.', parsed.errors);
  return parsed.value;
}

function listUrl(filter: z.output<typeof LIST_FILTER>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, value);
  return `/admin/episodes?${query}`;
}

const LIST_FILTER = z.object({
  seriesId: databaseId.optional(),
  after: databaseId.optional(),
  status: z.enum(EPISODE_STATUSES).optional(),
});

const REMOVE_SERVER = /^remove-server-([0-9]{1,2})$/;

/** Buttons that only add or remove a row of the form: they save nothing, and work without JavaScript. */
function changesRows(request: Request): boolean {
  const action = textOf(request.body, 'action');
  return action === 'add-server' || REMOVE_SERVER.test(action);
}

function withChangedRows(request: Request, form: EpisodeForm): EpisodeForm {
  const action = textOf(request.body, 'action');
  if (action === 'add-server') return { ...form, videoServers: [...form.videoServers, EMPTY_SERVER] };
  const removed = Number(REMOVE_SERVER.exec(action)?.[1]);
  return { ...form, videoServers: form.videoServers.filter((_, index) => index !== removed) };
}

type FormPage = {
  readonly form: EpisodeForm;
  readonly series: Series;
  /** Undefined for a new one. */
  readonly episode?: Episode | undefined;
};

async function answer(
  request: Request,
  response: Response,
  form: EpisodeForm,
  result: EpisodeWriteResult,
  page: Omit<FormPage, 'form'>,
): Promise<void> {
  switch (result.outcome) {
    case 'saved': {
      const { episode } = result;
      const isPublic = episode.status === 'published' && page.series.visible && hasEnabledServer(episode);
      request.session.notice = {
        text: `${episodeLabel(episode)} of “${episode.seriesTitle}” was saved.${whyNotPublic(episode, page.series)}`,
        ...(isPublic && { link: { href: episodePath(episode), label: 'See it on the site' } }),
      };
      return redirectWithSession(request, response, `/admin/episodes/${episode.id}/edit`);
    }
    case 'number-taken':
      return renderForm(response.status(409), {
        ...page,
        form,
        errors: formErrors([{ field: 'number', message: `${episodeLabel(result.by)} exists already.` }]),
        takenBy: { label: `Edit ${episodeLabel(result.by)}`, href: `/admin/episodes/${result.by.id}/edit` },
      });
    case 'conflict': {
      const saved = episodeForm(result.current);
      return renderForm(response.status(409), {
        ...page,
        episode: result.current,
        // Sent once more, the form replaces the version that is shown beside it.
        form: { ...form, version: saved.version },
        conflict: { savedAt: dateTimeText(result.current.updatedAt), differences: differences(form, saved) },
      });
    }
    case 'not-found':
      throw new ClientError(404, 'The episode or its series was deleted meanwhile.');
  }
}

function hasEnabledServer(episode: Episode): boolean {
  return episode.videoServers.some(({ enabled }) => enabled);
}

/** A saved episode that is not to be seen, although it is published, would be a riddle. */
function whyNotPublic(episode: Episode, series: Series): string {
  if (episode.status !== 'published') return '';
  if (!series.visible) return ' It is not public, because its series is hidden.';
  return hasEnabledServer(episode) ? '' : ' It is not public, because no video server is switched on.';
}

function renderRefused(
  response: Response,
  { errors, ...page }: FormPage & { readonly errors: Parameters<typeof formErrors>[0] },
): void {
  renderForm(response.status(422), {
    ...page,
    errors: formErrors(errors.map(inWordsOfForm), EPISODE_FIELD_NAMES),
  });
}

function renderForm(
  response: Response,
  page: FormPage & {
    readonly errors?: FormErrors;
    readonly takenBy?: { readonly label: string; readonly href: string };
    readonly conflict?: { readonly savedAt: string; readonly differences: ReturnType<typeof differences> };
  },
): void {
  const { episode, series } = page;
  response.render('admin/episode-form', {
    title: `${episode ? episodeLabel(episode) : 'New episode'} – ${series.title}`,
    choices: EPISODE_CHOICES,
    emptyServer: EMPTY_SERVER,
    errors: NO_ERRORS,
    takenBy: undefined,
    conflict: undefined,
    episode: undefined,
    action: episode ? `/admin/episodes/${episode.id}` : `/admin/series/${series.id}/episodes`,
    publicUrl:
      episode?.status === 'published' && series.visible && hasEnabledServer(episode)
        ? episodePath(episode)
        : undefined,
    ...page,
  });
}

function episodeRow(episode: Episode) {
  return {
    id: episode.id,
    label: episodeLabel(episode),
    title: episode.title,
    seriesTitle: episode.seriesTitle,
    seriesTitleLanguage: guessLanguage(episode.seriesTitle),
    seriesUrl: `/admin/episodes?seriesId=${episode.seriesId}`,
    status: episode.status,
    publishedText: episode.publishedAt ? dateTimeText(episode.publishedAt) : '',
    scheduledText: episode.status === 'scheduled' && episode.publishAt ? dateTimeText(episode.publishAt) : '',
    serversText: `${episode.videoServers.filter(({ enabled }) => enabled).length} of ${episode.videoServers.length}`,
    editUrl: `/admin/episodes/${episode.id}/edit`,
    deleteUrl: `/admin/episodes/${episode.id}/delete`,
  };
}
