import { Router } from 'express';
import type { LiveList } from '../../live/list';
import type { FindLanguage } from '../../web/language';
import type { PublicEpisode } from '../episodes/public';
import type { Slot } from '../schedule/public';

type Styleguide = {
  readonly findLanguage: FindLanguage;
  readonly lists: {
    readonly latest: LiveList<PublicEpisode>;
    readonly seriesEpisodes: LiveList<PublicEpisode>;
    readonly schedule: LiveList<Slot>;
  };
};

/** Every component in every state, for whoever changes one: in development alone. */
export function styleguideRoutes({ findLanguage, lists }: Styleguide): Router {
  const router = Router();
  router.get('/styleguide', (request, response) => {
    const language = findLanguage(request);
    response.set({ 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }).render('styleguide/page', {
      title: 'Style guide',
      ...SCALES,
      cards: EPISODES.map((episode) => lists.latest.render(episode, language)),
      rows: EPISODES.map((episode) => lists.seriesEpisodes.render(episode, language)),
      slots: SLOTS.map((slot) => lists.schedule.render(slot, language)),
      states: STATES,
      servers: SERVERS,
    });
  });
  return router;
}

/** Names of the tokens of public/css/tokens.css; browser/styleguide.css has a class for each. */
const SCALES = {
  texts: ['xs', 'sm', 'base', 'lg', 'xl', '2xl', 'display'],
  weights: ['normal', 'medium', 'bold', 'heavy'],
  spaces: [1, 2, 3, 4, 5, 6, 8, 10, 12, 16],
  colours: [
    'canvas',
    'surface',
    'surface-sunken',
    'surface-hover',
    'surface-selected',
    'line',
    'line-control',
    'text',
    'text-muted',
    'accent',
    'accent-hover',
    'accent-soft',
    'focus',
    'live',
    'success',
    'success-soft',
    'warning',
    'warning-soft',
    'danger',
    'danger-soft',
  ],
};

const STATES = ['connecting', 'live', 'catching-up', 'reconnecting', 'polling', 'offline', 'off'];

const EPISODE: PublicEpisode = {
  episodeId: '1',
  kind: 'regular',
  number: '1',
  title: '',
  durationSeconds: null,
  still: null,
  publishedAt: '2026-04-15T14:56:00.000Z',
  seriesId: '1',
  seriesSlug: 'candy',
  seriesTitle: 'Candy',
  seriesTitleLanguage: 'en',
  seriesKind: 'tv',
  seriesNativeLanguage: 'ja',
  seasonYear: 2026,
  season: 'spring',
  audioLanguages: [],
  subtitleLanguages: [],
};

/** The least that there is to say of one, the most, and what is hard to set. */
const EPISODES: readonly PublicEpisode[] = [
  EPISODE,
  {
    ...EPISODE,
    episodeId: '2',
    number: '1012.5',
    title: 'In which everybody says what they think, and nobody hears it',
    durationSeconds: 5_042,
    seriesSlug: 'long',
    seriesTitle:
      'I’m a Noble on the Brink of Ruin, So I Might as Well Try Mastering Magic, and What Became of It Since',
    audioLanguages: ['ja', 'en'],
    subtitleLanguages: ['en', 'de', 'zh-Hant'],
  },
  {
    ...EPISODE,
    episodeId: '3',
    kind: 'special',
    title: '冒険の終わり',
    durationSeconds: 1_450,
    seriesSlug: 'frieren',
    seriesTitle: '葬送のフリーレン',
    seriesTitleLanguage: 'ja',
    seriesKind: 'movie',
    audioLanguages: ['ja'],
  },
  {
    ...EPISODE,
    episodeId: '4',
    seriesSlug: 'unbroken',
    seriesTitle: 'Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüsselbundanhänger',
    seriesTitleLanguage: 'de',
    seriesKind: 'ova',
  },
];

const SLOTS: readonly Slot[] = EPISODES.map((episode, index) => ({
  ...episode,
  at: index % 2 === 0 ? '2026-04-15T14:56:00.000Z' : '2099-12-31T14:56:00.000Z',
  isPublic: index % 2 === 0,
}));

const SERVERS = [
  {
    id: '1',
    key: 'main',
    name: 'Main',
    languages: 'Japanese, subtitles in English',
    href: '#servers',
    hasFailed: false,
  },
  { id: '2', key: 'mirror', name: 'Mirror', languages: '', href: '#servers', hasFailed: true },
  {
    id: '3',
    key: 'third',
    name: 'A server with a name that goes on',
    languages: 'English',
    href: '#servers',
    hasFailed: false,
  },
];
