import { type FormOf, formFromBody, formOf, formToInput } from '../../web/field-form';
import { rowsOf, textOf } from '../../web/form';
import { withIds } from '../../web/merge';
import { baseText } from '../../web/merge-form';
import { parseBroadcastRule } from './broadcast-rule';
import { SERIES_FIELDS, type Series, type SeriesInput, type SeriesLink } from './fields';
import { LINK_FIELDS } from './links';

/** What stands in the fields, as it was typed. */
export type SeriesForm = FormOf<typeof SERIES_FIELDS> & {
  readonly links: readonly LinkForm[];
  readonly version: string;
  /** What the form was rendered with (`parseBase`). */
  readonly base: string;
};

/** `id`: what the link was known by when the form was rendered (`withIds`); empty for a new one. */
export type LinkForm = FormOf<typeof LINK_FIELDS> & { readonly id: string };

export const EMPTY_LINK: LinkForm = { ...formOf(LINK_FIELDS, { kind: 'info' }), id: '' };

/** The form for a new series: what every field has that nobody has filled in. */
export const NEW_SERIES: SeriesForm = {
  ...formOf(SERIES_FIELDS, {
    kind: 'tv',
    synonyms: [],
    genres: [],
    beginsAt: null,
    endsAt: null,
    visible: true,
    links: [],
  }),
  links: [],
  version: '',
  base: '',
};

export function seriesForm(series: Series): SeriesForm {
  const texts = textsOf(series);
  return { ...texts, version: String(series.version), base: baseText(texts) };
}

/** The form of what is not saved, as one that was rendered when the series was as it is. */
export function unsavedForm(values: SeriesInput, current: Series): SeriesForm {
  return { ...seriesForm(current), ...textsOf(values) };
}

function textsOf(values: SeriesInput | Series) {
  return { ...formOf(SERIES_FIELDS, values), links: linkForms(values.links) };
}

function linkForms(links: readonly SeriesLink[]): readonly LinkForm[] {
  const ids = withIds(links, SERIES_FIELDS.links.control.key).map(({ id }) => id ?? '');
  return links.map((link, index) => ({ ...formOf(LINK_FIELDS, link), id: ids[index] ?? '' }));
}

export function seriesFormFromBody(body: unknown): SeriesForm {
  const [first, every] = [textOf(body, 'broadcastFirst').trim(), textOf(body, 'broadcastEvery')];
  return {
    ...formFromBody(SERIES_FIELDS, body),
    broadcast: first === '' && every === '' ? '' : `${first} ${every}`,
    links: rowsOf(body, 'links').map((row) => ({
      ...formFromBody(LINK_FIELDS, row),
      id: textOf(row, 'id'),
    })),
    version: textOf(body, 'version'),
    base: textOf(body, 'base'),
  };
}

/** The form's fields in the shape that `seriesSchema` parses. */
export function seriesFormToInput(form: SeriesForm): unknown {
  const links = form.links.map((link) => formToInput(LINK_FIELDS, link));
  const input = formToInput(SERIES_FIELDS, form);
  const rule = parseBroadcastRule(String(input.broadcast));
  // The schedule looks for series that have begun.
  const beginsAt = input.beginsAt === null && rule ? rule.startsAt.toISOString() : input.beginsAt;
  return { ...input, beginsAt, links };
}

/** Whether the form has fields for the broadcasts: one of the version before has none, and must not empty them. */
export function hasBroadcast({ base }: SeriesForm): boolean {
  return base === '' || base.includes('"broadcast":');
}

/** As `hasBroadcast`, of links. */
export function hasLinks({ base }: SeriesForm): boolean {
  return base === '' || base.includes('"links":');
}

/** The links as they were typed, each with what it was known by. @param links those of the form, parsed */
export function withFormIds(links: readonly SeriesLink[], form: SeriesForm): SeriesLink[] {
  return links.map((link, index) => ({ ...link, id: form.links[index]?.id || undefined }));
}

/** A row in which nothing was typed is no link; it only stood ready. */
export function withoutEmptyLinks(form: SeriesForm): SeriesForm {
  return {
    ...form,
    links: form.links.filter(({ id, title, url }) => id !== '' || title.trim() !== '' || url.trim() !== ''),
  };
}

const ROW_ACTION = /^(remove|up|down)-link-([0-9]{1,3})$/;

/** The form with its rows as one of their buttons wants them, which saves nothing; undefined where another one was pressed. */
export function withChangedLinks(form: SeriesForm, action: string): SeriesForm | undefined {
  if (action === 'add-link') return { ...form, links: [...form.links, EMPTY_LINK] };
  const [, change, at] = ROW_ACTION.exec(action) ?? [];
  if (change === undefined) return undefined;
  const index = Number(at);
  const links = [...form.links];
  const moved = links.splice(index, 1);
  if (change !== 'remove') links.splice(Math.max(0, change === 'up' ? index - 1 : index + 1), 0, ...moved);
  return { ...form, links };
}
