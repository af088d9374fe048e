import { type Request, type Response, Router } from 'express';
import { seriesPath } from '../../catalog/episode';
import { databaseId, parseInput } from '../../catalog/input';
import { type Series, seriesSchema } from '../../catalog/series';
import {
  createSeries,
  findSeries,
  listSeries,
  type SeriesWriteResult,
  updateSeries,
} from '../../catalog/series-repository';
import { parseSearch } from '../addresses';
import { KIND_LABELS, seasonLabel } from '../card-view';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { adminActor } from '../sessions';
import { type FormErrors, formErrors, NO_ERRORS } from './form';
import { redirectWithSession } from './redirect';
import {
  NEW_SERIES,
  SERIES_CHOICES,
  type SeriesForm,
  seriesForm,
  seriesFormFromBody,
  seriesFormToInput,
} from './series-form';

const PAGE_SIZE = 50;

export function seriesRoutes({ catalog }: Dependencies): Router {
  const router = Router();

  router.get('/series', async (request, response) => {
    const search = parseSearch(request.query.search);
    const after = parseAfter(request.query.after);
    const rows = await listSeries(catalog.db, {
      limit: PAGE_SIZE + 1,
      search,
      after,
    });
    const shown = rows.slice(0, PAGE_SIZE);
    const last = shown.at(-1);
    response.render('admin/series-list', {
      title: 'Series',
      search,
      rows: shown.map(seriesRow),
      isFirstPage: after === undefined,
      nextUrl:
        rows.length > PAGE_SIZE && last
          ? `/admin/series?${new URLSearchParams({ ...(search && { search }), after: last.id })}`
          : undefined,
    });
  });

  router.get('/series/new', (_request, response) => renderForm(response, { form: NEW_SERIES }));

  router.post('/series', async (request, response) => {
    const form = seriesFormFromBody(request.body);
    const parsed = parseInput(seriesSchema, seriesFormToInput(form));
    if (!parsed.ok) return renderForm(response.status(422), { form, errors: formErrors(parsed.errors) });
    const result = await createSeries(catalog, adminActor(response), parsed.value);
    await answer(request, response, form, result, undefined);
  });

  router.get('/series/:id/edit', async (request, response) => {
    const series = await getSeries(request);
    renderForm(response, { form: seriesForm(series), series });
  });

  router.post('/series/:id', async (request, response) => {
    const series = await getSeries(request);
    const form = seriesFormFromBody(request.body);
    const parsed = parseInput(seriesSchema, seriesFormToInput(form));
    if (!parsed.ok)
      return renderForm(response.status(422), { form, series, errors: formErrors(parsed.errors) });
    const result = await updateSeries(
      catalog,
      adminActor(response),
      series.id,
      parsed.value,
      Number(form.version),
    );
    await answer(request, response, form, result, series);
  });

  async function getSeries(request: Request): Promise<Series> {
    const id = databaseId.safeParse(request.params.id);
    const series = id.success ? await findSeries(catalog.db, id.data) : undefined;
    if (!series) throw new ClientError(404, 'There is no such series.');
    return series;
  }

  return router;
}

function parseAfter(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = databaseId.safeParse(value);
  if (!parsed.success) throw new ClientError(400, 'This link to a further page is damaged.');
  return parsed.data;
}

async function answer(
  request: Request,
  response: Response,
  form: SeriesForm,
  result: SeriesWriteResult,
  series: Series | undefined,
): Promise<void> {
  switch (result.outcome) {
    case 'saved': {
      const { id, title, slug } = result.series;
      request.session.notice = {
        text: `“${title}” was saved.`,
        ...(result.series.visible && { link: { href: seriesPath(slug), label: 'See it on the site' } }),
      };
      return redirectWithSession(
        request,
        response,
        series ? `/admin/series/${id}/edit` : `/admin/series/${id}/episodes/new`,
      );
    }
    case 'slug-taken': {
      const errors = formErrors([{ field: 'slug', message: 'Another series has this slug.' }]);
      return renderForm(response.status(409), { form, series, errors });
    }
    case 'conflict':
      return renderForm(response.status(409), {
        form: { ...form, version: String(result.current.version) },
        series: result.current,
        saved: seriesForm(result.current),
      });
    case 'not-found':
      throw new ClientError(404, 'There is no such series.');
  }
}

function renderForm(
  response: Response,
  page: {
    readonly form: SeriesForm;
    readonly series?: Series | undefined;
    readonly errors?: FormErrors;
    /** What somebody else has saved since the form was opened. */
    readonly saved?: SeriesForm;
  },
): void {
  response.render('admin/series-form', {
    title: page.series ? page.series.title : 'New series',
    choices: SERIES_CHOICES,
    errors: NO_ERRORS,
    series: undefined,
    saved: undefined,
    publicUrl: page.series?.visible ? seriesPath(page.series.slug) : undefined,
    ...page,
  });
}

function seriesRow(series: Series) {
  return {
    id: series.id,
    title: series.title,
    titleLanguage: series.titleLanguage,
    titleNative: series.titleNative,
    nativeLanguage: series.nativeLanguage,
    kindLabel: KIND_LABELS[series.kind],
    seasonLabel: series.season && series.seasonYear ? seasonLabel(series.seasonYear, series.season) : '',
    visible: series.visible,
    editUrl: `/admin/series/${series.id}/edit`,
    episodesUrl: `/admin/episodes?seriesId=${series.id}`,
    newEpisodeUrl: `/admin/series/${series.id}/episodes/new`,
  };
}
