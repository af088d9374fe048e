import { breadcrumbs, type PageMeta, pageMeta } from '../../web/page-meta';
import type { Words } from '../../web/words';
import { allSeries, previewImage } from '../metadata/public';
import { kindLabel, seasonLabel, seriesPath } from '../series/fields';
import type { PublicSeries } from '../series/public';

/** Of the page of a series. A movie is told apart: a TVSeries would have to have episodes. */
export function seriesMeta(series: PublicSeries, words: Words): PageMeta {
  const path = seriesPath(series.slug);
  const isMovie = series.kind === 'movie';
  const image = previewImage(words, series.title, series.poster);
  return pageMeta({
    path,
    description: series.synopsis || describe(series, words),
    type: isMovie ? 'video.movie' : 'video.tv_show',
    image,
    data: (origin) => [
      {
        '@type': isMovie ? 'Movie' : 'TVSeries',
        '@id': `${origin}${path}`,
        url: `${origin}${path}`,
        name: series.title,
        inLanguage: series.nativeLanguage ?? undefined,
        alternateName: otherTitles(series),
        description: series.synopsis || undefined,
        image: new URL(image.url, origin).href,
        ...(isMovie
          ? { datePublished: dayText(series.beginsAt) }
          : { startDate: dayText(series.beginsAt), endDate: dayText(series.endsAt) }),
      },
      breadcrumbs(origin, [allSeries(words), [series.title, path]]),
    ],
  });
}

function otherTitles({ title, titleNative, synonyms }: PublicSeries): readonly string[] | undefined {
  const titles = new Set([...(titleNative ? [titleNative] : []), ...synonyms]);
  titles.delete(title);
  return titles.size > 0 ? [...titles] : undefined;
}

function describe({ title, titleNative, kind, seasonYear, season }: PublicSeries, words: Words): string {
  const names = titleNative && titleNative !== title ? `${title} (${titleNative})` : title;
  const when = season && seasonYear ? `, ${seasonLabel(seasonYear, season, words)}` : '';
  return words.t('series.description', { names, about: `${kindLabel(kind, words)}${when}` });
}

function dayText(date: Date | null): string | undefined {
  return date?.toISOString().slice(0, 10);
}
