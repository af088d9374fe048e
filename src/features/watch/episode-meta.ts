import { breadcrumbs, type PageMeta, pageMeta } from '../../web/page-meta';
import type { Words } from '../../web/words';
import { cardView, type PublicEpisode } from '../episodes/public';
import { allSeries, previewImage } from '../metadata/public';

/** Of the page that plays an episode. What is played of a movie is the movie itself. */
export function episodeMeta(episode: PublicEpisode, synopsis: string, words: Words): PageMeta {
  const card = cardView(episode, words);
  const isMovie = episode.seriesKind === 'movie' && episode.kind === 'regular';
  const image = previewImage(words, episode.seriesTitle, episode.still, `${episode.kind}-${episode.number}`);
  return pageMeta({
    path: card.url,
    description: synopsis || describe(card, words),
    type: isMovie ? 'video.movie' : 'video.episode',
    image,
    data: (origin) => [
      {
        '@type': isMovie ? 'Movie' : 'TVEpisode',
        '@id': `${origin}${card.url}`,
        url: `${origin}${card.url}`,
        name: episode.title || (isMovie ? episode.seriesTitle : card.label),
        description: synopsis || undefined,
        image: new URL(image.url, origin).href,
        datePublished: episode.publishedAt,
        duration: episode.durationSeconds === null ? undefined : `PT${episode.durationSeconds}S`,
        ...(!isMovie && {
          episodeNumber: Number(episode.number),
          partOfSeries: {
            '@type': episode.seriesKind === 'movie' ? 'Movie' : 'TVSeries',
            '@id': `${origin}${card.seriesUrl}`,
            url: `${origin}${card.seriesUrl}`,
            name: episode.seriesTitle,
          },
        }),
      },
      breadcrumbs(origin, [allSeries(words), [episode.seriesTitle, card.seriesUrl], [card.label, card.url]]),
    ],
  });
}

function describe(
  { label, seriesTitle, title, languages }: ReturnType<typeof cardView>,
  { t }: Words,
): string {
  const named = title ? `: ${title}` : '';
  const spoken = languages.map(({ meaning }) => meaning).join(', ');
  const what = t('watch.description', { episode: label, series: seriesTitle, title: named });
  return `${what}${spoken ? ` ${spoken}.` : ''}`;
}
