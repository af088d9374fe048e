import { type PageMeta, type PreviewImage, pageMeta } from '../../web/page-meta';
import type { Words } from '../../web/words';
import { PREVIEW_SIZE, previewUrl } from '../artwork/public';
import { largestOf } from '../images/public';

/** Of a page that is about the site itself. @param path the one address of the page */
export function siteMeta({ t }: Words, path: string, description: string): PageMeta {
  return pageMeta({
    path,
    description,
    type: 'website',
    image: { url: previewUrl({ title: 'nipnime' }), alt: t('meta.drawnLandscape'), size: PREVIEW_SIZE },
    data: (origin) => [{ '@type': 'WebSite', name: 'nipnime', url: `${origin}/` }],
  });
}

/**
 * The picture beside a link to a series or an episode: its own, of which one from elsewhere has a size that nobody knows; else the one
 * that is drawn, as PNG, since previews show no SVG.
 * @param take which picture of the series, `regular-12.5`; without it, it is that of a series
 */
export function previewImage({ t }: Words, title: string, own: string | null, take?: string): PreviewImage {
  const alt = t('meta.pictureFor', { title });
  if (!own) return { url: previewUrl({ title, take }), alt, size: PREVIEW_SIZE };
  const largest = largestOf(own, take === undefined ? 'poster' : 'still');
  if (!largest) return { url: own, alt };
  const { url, ...size } = largest;
  return { url, alt, size };
}

/** The first step of the way to every series. */
export function allSeries({ t }: Words): readonly [name: string, path: string] {
  return [t('nav.series'), '/series'];
}
