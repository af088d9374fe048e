import { dateTimeText, languageName } from '../../web/formats';
import { isInstant } from '../../web/input';
import type { Words } from '../../web/words';
import { stillOf } from '../artwork/public';
import type { Picture } from '../images/public';
import { guessLanguage, kindLabel, type SeriesKind, seasonKey, seriesPath } from '../series/fields';
import { type EpisodeKind, episodeLabel, episodePath } from './fields';
import type { PublicEpisode } from './public-episode';
import { durationText } from './typed-text';

/** What `views/episodes/card.ejs` and `views/series/episode-row.ejs` show. The same for every visitor. */
export type CardView = {
  readonly seriesId: string;
  readonly episodeKind: EpisodeKind;
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
  readonly still: Picture;
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
  readonly languages: readonly LanguageView[];
  /** Words, for what a page is filtered by: `ja en` */
  readonly audio: string;
  readonly subtitles: string;
};

/** `Sub EN`, and what that means. */
type LanguageView = { readonly text: string; readonly meaning: string };

export function cardView(episode: PublicEpisode, words: Words): CardView {
  return {
    seriesId: episode.seriesId,
    episodeKind: episode.kind,
    url: episodePath(episode),
    seriesUrl: seriesPath(episode.seriesSlug),
    seriesTitle: episode.seriesTitle,
    seriesTitleLanguage: episode.seriesTitleLanguage,
    label: episodeLabel(episode, words),
    title: episode.title,
    titleLanguage: guessLanguage(episode.title),
    still: stillOf(episode),
    publishedAt: episode.publishedAt,
    publishedText: dateTimeText(new Date(episode.publishedAt), words),
    durationText: durationText(episode.durationSeconds),
    kind: episode.seriesKind,
    kindLabel: kindLabel(episode.seriesKind, words),
    season: episode.season && episode.seasonYear ? seasonKey(episode.seasonYear, episode.season) : '',
    languages: languageViews(episode, words),
    audio: episode.audioLanguages.join(' '),
    subtitles: episode.subtitleLanguages.join(' '),
  };
}

/** Of series whose language is not known. */
const NATIVE_LANGUAGE = 'ja';

/** Subtitles, and voices in another language than the original. */
function languageViews(episode: PublicEpisode, words: Words): LanguageView[] {
  const native = episode.seriesNativeLanguage ?? NATIVE_LANGUAGE;
  const dubs = episode.audioLanguages.filter((language) => language !== native);
  const { t } = words;
  const codeOf = (language: string): string => language.toUpperCase();
  return [
    ...episode.subtitleLanguages.map((language) => ({
      text: t('card.sub', { code: codeOf(language) }),
      meaning: t('card.subtitles', { language: languageName(language, words) }),
    })),
    ...dubs.map((language) => ({
      text: t('card.dub', { code: codeOf(language) }),
      meaning: t('card.dubbed', { language: languageName(language, words) }),
    })),
  ];
}

/** Where a card stands in the order of publication. */
type PageKey = Pick<PublicEpisode, 'publishedAt' | 'episodeId'>;

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
