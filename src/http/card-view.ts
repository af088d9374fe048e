import { artworkKey } from '../catalog/artwork';
import { episodeLabel, episodePath, seriesPath } from '../catalog/episode';
import { isInstant } from '../catalog/input';
import type { JapaneseDay } from '../catalog/japanese-day';
import type { PageKey } from '../catalog/public-catalog';
import { guessLanguage, type Season, type SeriesKind } from '../catalog/series';
import type { PublicEpisode } from '../changes/change-event';

/** What `views/partials/card.ejs` shows. The same for every visitor. */
export type CardView = {
  readonly episodeId: string;
  /** Number of the change that made this state. */
  readonly rev: number;
  readonly url: string;
  readonly seriesUrl: string;
  readonly seriesTitle: string;
  /** BCP 47 */
  readonly seriesTitleLanguage: string;
  /** `Episode 12` */
  readonly label: string;
  /** The episode's own title; often empty. */
  readonly title: string;
  readonly titleLanguage: string;
  readonly stillUrl: string;
  /** ISO 8601, UTC */
  readonly publishedAt: string;
  /** `23 Nov 2026, 09:30 UTC`: what is read without JavaScript */
  readonly publishedText: string;
  /** `24:00`, or empty */
  readonly durationText: string;
  readonly kind: SeriesKind;
  readonly kindLabel: string;
  /** `2026-fall`, or empty */
  readonly season: string;
  /** For the link to the page that begins after this card. */
  readonly pageKey: string;
};

export function cardView(episode: PublicEpisode, rev: number): CardView {
  return {
    episodeId: episode.episodeId,
    rev,
    url: episodePath(episode),
    seriesUrl: seriesPath(episode.seriesSlug),
    seriesTitle: episode.seriesTitle,
    seriesTitleLanguage: episode.seriesTitleLanguage,
    label: episodeLabel(episode),
    title: episode.title,
    titleLanguage: guessLanguage(episode.title),
    stillUrl: stillUrl(episode),
    publishedAt: episode.publishedAt,
    publishedText: dateTimeText(new Date(episode.publishedAt)),
    durationText: durationText(episode.durationSeconds),
    kind: episode.seriesKind,
    kindLabel: KIND_LABELS[episode.seriesKind],
    season: episode.season && episode.seasonYear ? seasonKey(episode.seasonYear, episode.season) : '',
    pageKey: formatPageKey(episode),
  };
}

/**
 * The cards of a page. An episode whose card can't be made is left out, as on the stream: it must not take the others with it.
 * @param onError told what was left out, and why
 */
export function cardViews(
  episodes: readonly PublicEpisode[],
  rev: number,
  onError: (error: unknown, message: string) => void,
): CardView[] {
  return episodes.flatMap((episode) => {
    try {
      return [cardView(episode, rev)];
    } catch (error) {
      onError(error, `The card of episode ${episode.episodeId} could not be made`);
      return [];
    }
  });
}

export const KIND_LABELS: Readonly<Record<SeriesKind, string>> = {
  tv: 'TV',
  movie: 'Movie',
  ova: 'OVA',
  web: 'Web',
};

const SEASON_LABELS: Readonly<Record<Season, string>> = {
  winter: 'Winter',
  spring: 'Spring',
  summer: 'Summer',
  fall: 'Fall',
};

/** `2026-fall`, as in addresses */
export function seasonKey(year: number, season: Season): string {
  return `${year}-${season}`;
}

/** `Fall 2026` */
export function seasonLabel(year: number, season: Season): string {
  return `${SEASON_LABELS[season]} ${year}`;
}

/** Browsers keep art for good: the number goes up when the same title is drawn in another way. */
export const ART_PATH = '/art/1';

export function posterUrl(series: { readonly title: string; readonly poster: string | null }): string {
  return series.poster ?? `${ART_PATH}/posters/${artworkKey(series.title)}.svg`;
}

function stillUrl(episode: PublicEpisode): string {
  return (
    episode.still ??
    `${ART_PATH}/stills/${artworkKey(episode.seriesTitle)}/${episode.kind}-${episode.number}.svg`
  );
}

/** `23 Nov 2026, 09:30 UTC` */
export function dateTimeText(date: Date): string {
  return `${DATE_TIME.format(date)} UTC`;
}
const DATE_TIME = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});

/** `24:00`, `1:02:05`; empty for null */
export function durationText(seconds: number | null): string {
  if (seconds === null) return '';
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'));
  return seconds >= 3_600
    ? `${parts[0]}:${minutes}:${rest}`
    : `${hours === '00' ? parts[1] : minutes}:${rest}`;
}

/** Written `<milliseconds since 1970>-<episode id>`. */
export function formatPageKey({ publishedAt, episodeId }: PageKey): string {
  return `${Date.parse(publishedAt)}-${episodeId}`;
}

const PAGE_KEY = /^(-?[0-9]{1,14})-([1-9][0-9]{0,17})$/;

/** Undefined when the text is no page key. */
export function parsePageKey(text: string): PageKey | undefined {
  const [, timeMs, episodeId] = PAGE_KEY.exec(text) ?? [];
  if (timeMs === undefined || episodeId === undefined) return undefined;
  const publishedAt = new Date(Number(timeMs));
  return isInstant(publishedAt) ? { publishedAt: publishedAt.toISOString(), episodeId } : undefined;
}

/** A day as a page shows it, and as its `<time>` element names it. */
export type DayView = { readonly text: string; readonly datetime: string };

/** `23 Nov 2026` and `2026-11-23` */
export function dayView({ year, month, day }: JapaneseDay): DayView {
  const date = new Date(Date.UTC(year, month, day));
  return { text: DAY.format(date), datetime: date.toISOString().slice(0, 10) };
}
const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});
