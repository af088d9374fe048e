import type { Request, Response } from 'express';
import type { Clock } from '../../web/clock';
import { type Difference, type FormErrors, fieldViews, formErrors, NO_ERRORS } from '../../web/field-form';
import { textOf } from '../../web/form';
import { databaseId, type FieldError } from '../../web/input';
import type { UnsavedReason } from '../../web/kept-form';
import { noteSaved } from '../../web/notice';
import { redirectWithSession } from '../../web/redirect';
import { UTC } from '../../web/time-zone';
import { ENGLISH } from '../../web/words';
import { imageFieldView } from '../images/fields';
import { receiptTopic } from '../receipts/public';
import type { Series } from '../series/fields';
import { type HostPresets, NO_PRESETS, presetText } from './browser/host-preset';
import { EPISODE_FIELDS, type Episode, episodeLabel, episodeName, episodePath } from './fields';
import { EMPTY_SERVER, type EpisodeForm, type NewEpisodeForm, type VideoServerForm } from './form';
import type { Deletion } from './save-form';
import { VIDEO_SERVER_FIELDS } from './video-server';
import { twiceOf, whenView } from './when';

/** What the page of the form shows. */
export type FormPage = {
  readonly form: EpisodeForm;
  readonly series: SeriesOfForm;
  /** Undefined for a new one. */
  readonly episode?: Episode | undefined;
  /** Where the form is sent, where that does not follow from these. */
  readonly action?: string;
  /** Of a form whose episode is not given: whether it is one of a new one. */
  readonly isNew?: boolean;
  /** What became of the episode, where it was deleted while somebody typed. */
  readonly gone?: Deletion;
  /** Of a new one: what was made of the addresses of the one before. */
  readonly nextUrls?: NewEpisodeForm['nextUrls'];
  /** What came of asking the address of one of the servers. */
  readonly checked?: { readonly index: number; readonly text: string } | undefined;
  /** By which the browser fills in new servers; none where nobody can be asked. */
  readonly presets?: HostPresets;
  /** Why it is not saved, where nothing is wrong with it. */
  readonly unsaved?: UnsavedReason;
};

/** What the form shows of the series. */
type SeriesOfForm = Pick<Series, 'id' | 'title' | 'titleLanguage' | 'visible'>;

/** The series as the form that was sent says it, for when nobody else can be asked. */
export function sentSeries({ body }: Request): SeriesOfForm | undefined {
  const id = databaseId.safeParse(textOf(body, 'seriesId'));
  const title = textOf(body, 'seriesTitle');
  const titleLanguage = textOf(body, 'seriesTitleLanguage');
  return id.success ? { id: id.data, title, titleLanguage, visible: false } : undefined;
}

export function seriesOf(episode: Episode): SeriesOfForm {
  return {
    id: episode.seriesId,
    title: episode.seriesTitle,
    titleLanguage: episode.seriesTitleLanguage,
    visible: episode.seriesVisible,
  };
}

type SavedPage = { readonly clock: Clock; readonly taken?: string; readonly isNext?: boolean };

/**
 * Leads on to the form of what was saved, which says so, or to that of the next one.
 * @param page.taken what others had changed meanwhile, in words
 */
export async function redirectToSaved(
  request: Request,
  response: Response,
  episode: Episode,
  { clock, taken = '', isNext = false }: SavedPage,
): Promise<void> {
  const isPublic = episode.status === 'published' && episode.seriesVisible && hasEnabledServer(episode);
  const merged = taken && ` It also has what was changed meanwhile: ${taken}.`;
  noteSaved(request);
  request.session.notice = {
    text: `${episodeName(episode)} was saved.${merged}${dueText(episode, clock)}${whyNotPublic(episode)}`,
    ...(isPublic && {
      link: { href: episodePath(episode), label: 'See it on the site' },
      receipt: receiptTopic(episode.id),
    }),
  };
  const next = `/admin/series/${episode.seriesId}/episodes/new?after=${episode.id}`;
  await redirectWithSession(request, response, isNext ? next : `/admin/episodes/${episode.id}/edit`);
}

/** What speaks against saving the form. */
type Objection =
  | { readonly outcome: 'refused'; readonly errors: readonly FieldError[] }
  | { readonly outcome: 'number-taken' | 'external-id-taken'; readonly by: Episode }
  | {
      readonly outcome: 'contested';
      readonly differences: readonly Difference[];
      readonly taken: string;
    };

/** The form once more, with what speaks against saving it. */
export function renderNotSaved(response: Response, objection: Objection, page: FormPage): void {
  switch (objection.outcome) {
    case 'refused':
      return renderForm(response.status(422), {
        ...page,
        errors: formErrors(EPISODE_FIELDS, objection.errors),
      });
    case 'number-taken': {
      const label = episodeLabel(objection.by, ENGLISH);
      return renderForm(response.status(409), {
        ...page,
        errors: formErrors(EPISODE_FIELDS, [{ field: 'number', message: `${label} exists already.` }]),
        takenBy: { field: 'number', label: `Edit ${label}`, href: `/admin/episodes/${objection.by.id}/edit` },
      });
    }
    case 'external-id-taken': {
      const name = episodeName(objection.by);
      return renderForm(response.status(409), {
        ...page,
        errors: formErrors(EPISODE_FIELDS, [{ field: 'externalId', message: `Is taken by ${name}.` }]),
        takenBy: {
          field: 'externalId',
          label: `Edit ${name}`,
          href: `/admin/episodes/${objection.by.id}/edit`,
        },
      });
    }
    case 'contested':
      return renderForm(response.status(409), { ...page, conflict: objection });
    default:
      return objection satisfies never;
  }
}

function hasEnabledServer(episode: Episode): boolean {
  return episode.videoServers.some(({ enabled }) => enabled);
}

/** When it comes, with what is odd about that time. */
function dueText({ status, publishAt }: Episode, clock: Clock): string {
  if (status !== 'scheduled' || !publishAt) return '';
  const utc = clock.zone === UTC ? '' : ` (${clock.utc(publishAt)})`;
  const twice = twiceOf(publishAt, clock);
  return ` It comes on ${clock.text(publishAt)}${utc}.${twice ? ` ${twice}` : ''}`;
}

/** A saved episode that is not to be seen, although it is published, would be a riddle. */
function whyNotPublic(episode: Episode): string {
  if (episode.status !== 'published') return '';
  if (!episode.seriesVisible) return ' It is not public, because its series is hidden.';
  return hasEnabledServer(episode) ? '' : ' It is not public, because no video server is switched on.';
}

/** The page of the form, as it was typed. */
export function renderForm(
  response: Response,
  {
    errors = NO_ERRORS,
    takenBy,
    isNew,
    nextUrls,
    checked,
    presets = NO_PRESETS,
    ...page
  }: FormPage & {
    readonly errors?: FormErrors;
    readonly takenBy?: {
      readonly field: 'number' | 'externalId';
      readonly label: string;
      readonly href: string;
    };
    readonly conflict?: { readonly differences: readonly Difference[]; readonly taken: string };
  },
): void {
  const { episode, series, form } = page;
  const serverRow = (
    server: VideoServerForm,
    index: number,
    ofForm: FormErrors,
    urlOfRow: Readonly<Record<string, unknown>> = {},
  ) => ({
    id: server.id,
    index,
    fields: fieldViews(VIDEO_SERVER_FIELDS, server, ofForm, {
      row: { name: 'videoServers', index },
      extra: { url: urlOfRow },
    }),
    error: ofForm.of[`videoServers.${index}`],
    said: checked?.index === index ? checked.text : server.isAsAtHost ? presetText(server.url) : '',
  });
  const action = episode ? `/admin/episodes/${episode.id}` : `/admin/series/${series.id}/episodes`;
  const label = labelOf(page, isNew);
  const fields = fieldViews(EPISODE_FIELDS, form, errors, {
    extra: {
      still: imageFieldView('still', form.still),
      ...(takenBy && { [takenBy.field]: { link: takenBy } }),
    },
  });
  response.render('episodes/admin-form', {
    title: `${label} – ${series.title}`,
    label,
    errors,
    conflict: undefined,
    episode: undefined,
    gone: undefined,
    unsaved: undefined,
    nextUrl: episode && `/admin/series/${series.id}/episodes/new?after=${episode.id}`,
    newAction: `/admin/series/${series.id}/episodes`,
    fields,
    when: whenView(form, fields, errors, episode),
    servers: {
      ...EPISODE_FIELDS.videoServers,
      error: errors.of.videoServers,
      rows: form.videoServers.map((server, index) =>
        serverRow(server, index, errors, nextUrls && urlExtra(nextUrls, index)),
      ),
      empty: { ...serverRow(EMPTY_SERVER, 0, NO_ERRORS), said: '' },
      hostPresets: JSON.stringify([...presets]),
    },
    action,
    publicUrl:
      episode?.status === 'published' && !episode.deletedAt && series.visible && hasEnabledServer(episode)
        ? episodePath(episode)
        : undefined,
    ...page,
  });
}

/** What stands at the address of a server that follows one before. The form begins at the first that could not be made. */
function urlExtra(nextUrls: NewEpisodeForm['nextUrls'], index: number) {
  const next = nextUrls[index];
  const first = Math.max(0, nextUrls.indexOf(undefined));
  return {
    ...(next && { hint: `As before, with ${next.after} for ${next.before}` }),
    ...(index === first && { autofocus: true }),
  };
}

/** What the page is of: what is saved, or else what was typed. */
function labelOf({ episode, form }: FormPage, isNew = episode === undefined): string {
  if (isNew) return 'New episode';
  const kind = form.kind === 'special' ? 'special' : 'regular';
  return episodeLabel(episode ?? { kind, number: form.number }, ENGLISH);
}
