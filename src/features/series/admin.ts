import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { type Clock, clockIn } from '../../web/clock';
import { ClientError } from '../../web/error-handler';
import { type Difference, type FormErrors, fieldViews, formErrors, NO_ERRORS } from '../../web/field-form';
import { textOf } from '../../web/form';
import { databaseId, type FieldError, parseInput } from '../../web/input';
import type { ShowUnsaved, UnsavedReason } from '../../web/kept-form';
import { noteSaved } from '../../web/notice';
import { parseParameters } from '../../web/parameters';
import { redirectWithSession } from '../../web/redirect';
import { UTC } from '../../web/time-zone';
import { adminActor, clockOf } from '../accounts/public';
import type { WriteContext } from '../episodes/write';
import { imageFieldView } from '../images/fields';
import { seriesListRoutes } from './admin-list';
import { broadcastParts, RHYTHMS } from './broadcast-text';
import { guessLanguage, SERIES_FIELDS, type Series, seriesPath, seriesSchema } from './fields';
import {
  EMPTY_LINK,
  type LinkForm,
  NEW_SERIES,
  type SeriesForm,
  seriesForm,
  seriesFormFromBody,
  seriesFormToInput,
  withChangedLinks,
  withoutEmptyLinks,
} from './form';
import { LINK_FIELDS, MAX_LINKS } from './links';
import { createSeries, findSeries } from './repository';
import { sayBroadcasts, saySlug } from './said';
import { saveSeriesForm } from './save-form';

export function seriesRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.use(seriesListRoutes({ catalog }));

  // What is said while somebody types.
  router.get('/series/slug', async (request, response) => {
    response.json(await saySlug(catalog.db, parseParameters(request, TYPED_SLUG)));
  });

  router.get('/series/broadcasts', (request, response) => {
    const { broadcastFirst, broadcastEvery, ...typed } = parseParameters(request, TYPED_BROADCAST);
    const broadcast = `${broadcastFirst} ${broadcastEvery}`;
    response.json(sayBroadcasts({ ...typed, broadcast }, clockOf(response), new Date()));
  });

  // The form is sent to its own address, which can be reloaded when it was refused.
  router.get('/series/new', (_request, response) => renderForm(response, { form: NEW_SERIES }));

  router.post(['/series/new', '/series'], async (request, response) => {
    const typed = seriesFormFromBody(request.body);
    const changed = withChangedLinks(typed, textOf(request.body, 'action'));
    if (changed) return renderForm(response, { form: changed });
    const form = withoutEmptyLinks(typed);
    const parsed = parseInput(seriesSchema, seriesFormToInput(form));
    if (!parsed.ok) return renderNotSaved(response, { outcome: 'refused', errors: parsed.errors }, { form });
    const result = await createSeries(catalog, adminActor(response), parsed.value);
    const next = (id: string) => `/admin/series/${id}/episodes/new`;
    if (result.outcome === 'saved') return redirectToSaved(request, response, result.series, next);
    if (result.outcome !== 'slug-taken' && result.outcome !== 'external-id-taken') throw unknownSeries();
    renderNotSaved(response, result, { form });
  });

  router.get(['/series/:id/edit', '/series/:id'], async (request, response) => {
    const series = await getSeries(request);
    renderForm(response, { form: seriesForm(series), series });
  });

  router.post('/series/:id', async (request, response) => {
    const form = seriesFormFromBody(request.body);
    const changed = withChangedLinks(form, textOf(request.body, 'action'));
    if (changed) return renderForm(response, { form: changed, series: await getSeries(request) });
    const result = await saveSeriesForm(
      catalog,
      adminActor(response),
      idOf(request),
      form,
      clockOf(response),
    );
    const next = (id: string) => `/admin/series/${id}/edit`;
    if (result.outcome === 'saved')
      return redirectToSaved(request, response, result.series, next, result.taken);
    if (result.outcome === 'not-found') throw unknownSeries();
    const series = result.current ?? (await getSeries(request));
    renderNotSaved(response, result, { form: result.form, series });
  });

  async function getSeries(request: Request): Promise<Series> {
    const series = await findSeries(catalog.db, idOf(request));
    if (!series) throw unknownSeries();
    return series;
  }

  return router;
}

const typedText = z.string().max(1_000);
const TYPED_SLUG = { id: databaseId.or(z.literal('')), title: typedText, slug: typedText };
const TYPED_BROADCAST = {
  broadcastFirst: typedText,
  broadcastEvery: typedText,
  beginsAt: typedText,
  endsAt: typedText,
};

const FORM_ADDRESS = /^\/series\/(?:new|[1-9][0-9]{0,17})$/;

/** The form as it was typed, without a look at the database. */
export const showUnsavedSeries: ShowUnsaved = (request, response, reason) => {
  if (!FORM_ADDRESS.test(request.path)) return false;
  const form = seriesFormFromBody(request.body);
  renderForm(response, { form, action: `/admin${request.path}`, unsaved: reason });
  return true;
};

function idOf(request: Request): string {
  const parsed = databaseId.safeParse(request.params.id);
  if (!parsed.success) throw unknownSeries();
  return parsed.data;
}

function unknownSeries(): ClientError {
  return new ClientError(404, 'There is no such series.');
}

/**
 * @param next leads on, from the series with that id
 * @param taken what others had changed meanwhile, in words
 */
async function redirectToSaved(
  request: Request,
  response: Response,
  { id, title, slug, visible }: Series,
  next: (id: string) => string,
  taken = '',
): Promise<void> {
  const merged = taken && ` It also has what was changed meanwhile: ${taken}.`;
  noteSaved(request);
  request.session.notice = {
    text: `“${title}” was saved.${merged}`,
    ...(visible && { link: { href: seriesPath(slug), label: 'See it on the site' } }),
  };
  await redirectWithSession(request, response, next(id));
}

/** A field in which a series has what another one has already. */
const TAKEN = {
  'slug-taken': { field: 'slug', message: 'Another series has this slug.' },
  'external-id-taken': { field: 'externalId', message: 'Another series has this external id.' },
} as const;

/** What speaks against saving the form. */
type Objection =
  | { readonly outcome: 'refused'; readonly errors: readonly FieldError[] }
  | { readonly outcome: 'slug-taken' | 'external-id-taken' }
  | { readonly outcome: 'contested'; readonly differences: readonly Difference[]; readonly taken: string };

function renderNotSaved(
  response: Response,
  objection: Objection,
  page: { readonly form: SeriesForm; readonly series?: Series },
): void {
  switch (objection.outcome) {
    case 'refused':
      return renderForm(response.status(422), {
        ...page,
        errors: formErrors(SERIES_FIELDS, objection.errors),
      });
    case 'slug-taken':
    case 'external-id-taken':
      return renderForm(response.status(409), {
        ...page,
        errors: formErrors(SERIES_FIELDS, [TAKEN[objection.outcome]]),
      });
    case 'contested':
      return renderForm(response.status(409), { ...page, conflict: objection });
    default:
      return objection satisfies never;
  }
}

function renderForm(
  response: Response,
  {
    errors = NO_ERRORS,
    ...page
  }: {
    readonly form: SeriesForm;
    readonly series?: Series | undefined;
    /** Where the form is sent, where that does not follow from the series. */
    readonly action?: string;
    readonly unsaved?: UnsavedReason;
    readonly errors?: FormErrors;
    /** What somebody else has changed as well since the form was opened. */
    readonly conflict?: { readonly differences: readonly Difference[]; readonly taken: string };
  },
): void {
  const { form, series } = page;
  response.render('series/admin-form', {
    title: series?.title || (page.action && form.title) || 'New series',
    action: series ? `/admin/series/${series.id}` : '/admin/series/new',
    unsaved: undefined,
    errors,
    series: undefined,
    conflict: undefined,
    fields: fieldViews(SERIES_FIELDS, form, errors, {
      extra: {
        title: { valueLanguage: form.titleLanguage },
        titleNative: { valueLanguage: form.nativeLanguage },
        slug: { asks: { address: '/admin/series/slug', of: 'title slug', id: series?.id ?? '' } },
        poster: imageFieldView('poster', form.poster),
      },
    }),
    broadcast: broadcastView(response, form, errors),
    links: {
      ...SERIES_FIELDS.links,
      most: MAX_LINKS,
      error: errors.of.links,
      rows: form.links.map((link, index) => linkRow(link, index, errors)),
      empty: linkRow(EMPTY_LINK, 0, NO_ERRORS),
    },
    publicUrl: series?.visible ? seriesPath(series.slug) : undefined,
    ...page,
  });
}

function linkRow(link: LinkForm, index: number, errors: FormErrors) {
  const fields = fieldViews(LINK_FIELDS, link, errors, {
    row: { name: 'links', index },
    extra: { title: { valueLanguage: link.title && guessLanguage(link.title, 'zh') } },
  });
  return { id: link.id, index, fields, error: errors.of[`links.${index}`] };
}

/** The controls of a rule, and what comes by it. */
function broadcastView({ locals }: Response, form: SeriesForm, errors: FormErrors) {
  const { first, every } = broadcastParts(form.broadcast);
  const known = RHYTHMS.some(({ value }) => value === every);
  const clock: Clock = locals.clock ?? clockIn(UTC);
  return {
    first,
    every,
    rhythms: known ? RHYTHMS : [...RHYTHMS, { value: every, label: every }],
    error: errors.of.broadcast,
    said: sayBroadcasts(form, clock, new Date()).text,
  };
}
