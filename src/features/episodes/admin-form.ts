import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import type { ShowUnsaved } from '../../web/kept-form';
import { parseParameters } from '../../web/parameters';
import { isTimeZone } from '../../web/time-zone';
import { adminActor, clockOf, signedInAs } from '../accounts/public';
import type { Series } from '../series/fields';
import { findSeries } from '../series/public';
import { CheckLimits, checkServer } from '../server-checks/public';
import {
  type FormPage,
  redirectToSaved,
  renderForm,
  renderNotSaved,
  sentSeries,
  seriesOf,
} from './admin-form-page';
import { episodeIdOf, seriesIdOf, unknownEpisode, unknownSeries } from './admin-requests';
import { NO_PRESETS } from './browser/host-preset';
import { kindOf } from './browser/server-lines';
import { publicationProblem } from './fields';
import {
  EMPTY_SERVER,
  type EpisodeForm,
  episodeForm,
  episodeFormFromBody,
  newEpisodeForm,
  parseEpisodeForm,
  withoutEmptyServers,
} from './form';
import { findHostPresets } from './host-presets';
import { findEpisode, findLastEpisode } from './queries';
import { createEpisode } from './repository';
import { findDeletion, saveEpisodeForm } from './save-form';
import { readVideoAddress } from './video-address';
import { sayTime } from './when';
import type { WriteContext } from './write';

/** The form of an episode, of a new one and of one that is there. */
export function episodeFormRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();
  const limits = new CheckLimits();

  // The second address is where the form is sent: when it was refused, a reload by hand leads here.
  router.get(['/series/:seriesId/episodes/new', '/series/:seriesId/episodes'], async (request, response) => {
    const series = await getSeries(request);
    const given = databaseId.safeParse(request.query.after);
    const after = given.success ? await findEpisode(catalog.db, given.data) : undefined;
    const last = after?.seriesId === series.id ? after : await findLastEpisode(catalog.db, series.id);
    await show(response, { ...newEpisodeForm(last, clockOf(response).zone), series });
  });

  router.post('/series/:seriesId/episodes', async (request, response) => {
    const form = await sentForm(request);
    if (changesRows(request))
      return show(response, { form: withChangedRows(request, form), series: await getSeries(request) });
    const asked = await askServer(request, response, form);
    if (asked) return show(response, { form, series: await getSeries(request), checked: asked });
    const checked = withoutEmptyServers(form);
    const parsed = parseEpisodeForm(checked);
    const problem = parsed.ok ? publicationProblem(parsed.value, undefined, new Date()) : undefined;
    const errors = parsed.ok ? (problem ? [problem] : []) : parsed.errors;
    if (!parsed.ok || problem)
      return renderNotSaved(
        response,
        { outcome: 'refused', errors },
        await withPresets({ form: checked, series: await getSeries(request) }),
      );
    const id = seriesIdOf(request);
    const result = await createEpisode(catalog, adminActor(response), id, parsed.value);
    if (result.outcome === 'saved')
      return redirectToSaved(request, response, result.episode, {
        clock: clockOf(response),
        isNext: goesOn(request),
      });
    if (result.outcome !== 'number-taken' && result.outcome !== 'external-id-taken') throw unknownSeries();
    renderNotSaved(response, result, await withPresets({ form: checked, series: await getSeries(request) }));
  });

  // As above.
  router.get(['/episodes/:id/edit', '/episodes/:id', '/episodes/:id/delete'], async (request, response) => {
    const episode = await findEpisode(catalog.db, episodeIdOf(request));
    if (!episode) throw unknownEpisode();
    await show(response, {
      form: episodeForm(episode, clockOf(response).zone),
      series: seriesOf(episode),
      episode,
    });
  });

  router.post('/episodes/:id', async (request, response) => {
    const id = episodeIdOf(request);
    const form = await sentForm(request);
    if (changesRows(request))
      return show(response, await pageOf(request, response, withChangedRows(request, form)));
    const checked = await askServer(request, response, form);
    if (checked) return show(response, { ...(await pageOf(request, response, form)), checked });
    const bringBack = textOf(request.body, 'action') === 'bring-back';
    const result = await saveEpisodeForm(catalog, adminActor(response), id, form, { bringBack });
    switch (result.outcome) {
      case 'saved':
        return redirectToSaved(request, response, result.episode, {
          clock: clockOf(response),
          taken: result.taken,
          isNext: goesOn(request),
        });
      case 'gone':
        return show(response.status(409), await pageOf(request, response, form));
      default: {
        const page = await withPresets(await pageOf(request, response, result.form));
        return renderNotSaved(response, result, page);
      }
    }
  });

  async function show(response: Response, page: FormPage): Promise<void> {
    renderForm(response, await withPresets(page));
  }

  async function withPresets(page: FormPage): Promise<FormPage> {
    return { ...page, presets: await findHostPresets(catalog.db) };
  }

  /** What was typed. A button beside a time that has passed, or is still to come, has it published now instead. */
  async function sentForm({ body }: Request): Promise<EpisodeForm> {
    const isPasted = textOf(body, 'pasted').trim() !== '';
    const form = episodeFormFromBody(body, isPasted ? await findHostPresets(catalog.db) : NO_PRESETS);
    return textOf(body, 'action') === 'publish-now' ? { ...form, status: 'published', publishAt: '' } : form;
  }

  /** The page of a form of an episode that may be gone by now. */
  async function pageOf(request: Request, response: Response, form: EpisodeForm): Promise<FormPage> {
    const id = episodeIdOf(request);
    const episode = await findEpisode(catalog.db, id, { evenDeleted: true });
    if (episode && !episode.deletedAt) return { form, series: seriesOf(episode), episode };
    const series = episode ? seriesOf(episode) : sentSeries(request);
    if (!series) throw unknownEpisode();
    const gone = await findDeletion(catalog, id, clockOf(response));
    return { form, series, episode, action: `/admin/episodes/${id}`, gone };
  }

  // What the time means that is being typed.
  router.get('/time', (request, response) => {
    const { text, zone } = parseParameters(request, TYPED_TIME);
    response.json(sayTime({ publishAt: text, zone }, new Date()));
  });

  /** What came of asking the address of the server whose button was pressed; undefined where it was another one. */
  async function askServer(
    { body }: Request,
    response: Response,
    form: EpisodeForm,
  ): Promise<FormPage['checked']> {
    const [, at] = CHECK_ACTION.exec(textOf(body, 'action')) ?? [];
    const index = Number(at);
    const server = at === undefined ? undefined : form.videoServers[index];
    if (!server) return undefined;
    const address = readVideoAddress(server.url);
    if ('problem' in address) return { index, text: address.problem };
    if (!(await limits.take(signedInAs(response).id)))
      return { index, text: 'That was often: wait a minute before you ask again.' };
    const { text } = await checkServer({ url: address.url, kind: kindOfServer(server.kind, address.url) });
    return { index, text };
  }

  async function getSeries(request: Request): Promise<Series> {
    const series = await findSeries(catalog.db, seriesIdOf(request));
    if (!series) throw unknownSeries();
    return series;
  }

  return router;
}

const TYPED_TIME = { text: z.string().max(40), zone: z.string().max(64).refine(isTimeZone) };

const FORM_ADDRESS = /^\/(?:episodes\/([1-9][0-9]{0,17})|series\/([1-9][0-9]{0,17})\/episodes)$/;

/** The form as it was typed, without a look at the database. */
export const showUnsavedEpisode: ShowUnsaved = (request, response, reason) => {
  const [isForm, episodeId] = FORM_ADDRESS.exec(request.path) ?? [];
  const series = sentSeries(request);
  if (!isForm || !series) return false;
  const form = episodeFormFromBody(request.body);
  const address = `/admin${request.path}`;
  renderForm(response, { form, series, action: address, isNew: episodeId === undefined, unsaved: reason });
  return true;
};

/** The button that saves, and opens the form of the next one. */
function goesOn(request: Request): boolean {
  return textOf(request.body, 'action') === 'save-and-next';
}

const ROW_ACTION = /^(remove-server|move-up|move-down)-([0-9]{1,2})$/;
const OTHER_ACTIONS = ['add-server', 'add-pasted'];
const CHECK_ACTION = /^check-server-([0-9]{1,2})$/;

function kindOfServer(chosen: string, url: string): 'embed' | 'file' | 'hls' {
  return chosen === 'embed' || chosen === 'file' || chosen === 'hls' ? chosen : kindOf(url);
}

/** Buttons that only change the rows of the form: they save nothing, and work without JavaScript. */
function changesRows(request: Request): boolean {
  const action = textOf(request.body, 'action');
  return OTHER_ACTIONS.includes(action) || ROW_ACTION.test(action);
}

/** What was pasted is in rows already, whichever button was pressed. */
function withChangedRows(request: Request, form: EpisodeForm): EpisodeForm {
  const action = textOf(request.body, 'action');
  if (action === 'add-server') return { ...form, videoServers: [...form.videoServers, EMPTY_SERVER] };
  const [, change, at] = ROW_ACTION.exec(action) ?? [];
  const index = Number(at);
  const videoServers = [...form.videoServers];
  if (change === undefined || index >= videoServers.length) return form;
  const moved = videoServers.splice(index, 1);
  if (change !== 'remove-server')
    videoServers.splice(Math.max(0, change === 'move-up' ? index - 1 : index + 1), 0, ...moved);
  return { ...form, videoServers };
}
