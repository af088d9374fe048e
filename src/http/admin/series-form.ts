import { SEASONS, SERIES_KINDS, type Series } from '../../catalog/series';
import { parseWholeNumber } from '../../platform/text';
import { KIND_LABELS } from '../card-view';
import { orUndefined, textOf } from './form';

/** What stands in the fields, as it was typed. */
export type SeriesForm = {
  readonly title: string;
  readonly titleLanguage: string;
  readonly titleNative: string;
  readonly nativeLanguage: string;
  readonly slug: string;
  /** One title a line. */
  readonly synonyms: string;
  readonly synopsis: string;
  readonly kind: string;
  readonly seasonYear: string;
  readonly season: string;
  readonly visible: boolean;
  readonly version: string;
};

export const SERIES_CHOICES = {
  kinds: SERIES_KINDS.map((value) => ({ value, label: KIND_LABELS[value] })),
  seasons: SEASONS,
} as const;

export const NEW_SERIES: SeriesForm = {
  title: '',
  titleLanguage: '',
  titleNative: '',
  nativeLanguage: '',
  slug: '',
  synonyms: '',
  synopsis: '',
  kind: 'tv',
  seasonYear: '',
  season: '',
  visible: true,
  version: '',
};

export function seriesForm(series: Series): SeriesForm {
  return {
    title: series.title,
    titleLanguage: series.titleLanguage,
    titleNative: series.titleNative ?? '',
    nativeLanguage: series.nativeLanguage ?? '',
    slug: series.slug,
    synonyms: series.synonyms.join('\n'),
    synopsis: series.synopsis,
    kind: series.kind,
    seasonYear: series.seasonYear === null ? '' : String(series.seasonYear),
    season: series.season ?? '',
    visible: series.visible,
    version: String(series.version),
  };
}

export function seriesFormFromBody(body: unknown): SeriesForm {
  return {
    title: textOf(body, 'title'),
    titleLanguage: textOf(body, 'titleLanguage'),
    titleNative: textOf(body, 'titleNative'),
    nativeLanguage: textOf(body, 'nativeLanguage'),
    slug: textOf(body, 'slug'),
    synonyms: textOf(body, 'synonyms'),
    synopsis: textOf(body, 'synopsis'),
    kind: textOf(body, 'kind'),
    seasonYear: textOf(body, 'seasonYear'),
    season: textOf(body, 'season'),
    visible: textOf(body, 'visible') !== '',
    version: textOf(body, 'version'),
  };
}

/** The form's fields in the shape that `seriesSchema` parses. */
export function seriesFormToInput(form: SeriesForm): unknown {
  return {
    title: form.title,
    titleLanguage: orUndefined(form.titleLanguage),
    titleNative: form.titleNative,
    nativeLanguage: orUndefined(form.nativeLanguage) ?? null,
    slug: orUndefined(form.slug),
    synonyms: form.synonyms.split('\n').filter((line) => line.trim() !== ''),
    synopsis: form.synopsis,
    kind: form.kind,
    seasonYear: form.seasonYear.trim() === '' ? null : parseWholeNumber(form.seasonYear),
    season: form.season === '' ? null : form.season,
    visible: form.visible,
  };
}
