import { type EpisodeInput, episodeSchema } from '../../src/features/episodes/fields';
import type { PublicEpisode } from '../../src/features/episodes/public';
import { createEpisode } from '../../src/features/episodes/repository';
import type { Actor, WriteContext } from '../../src/features/episodes/write';
import { seriesSchema } from '../../src/features/series/fields';
import { createSeries } from '../../src/features/series/repository';
import { Lists } from '../../src/live/list';
import type { LoggedChange } from '../../src/live/log/change';
import type { Database } from '../../src/platform/database';
import { createLists } from '../../src/process/lists';

export const tester: Actor = { kind: 'system', id: null, name: 'test', via: 'command' };

const { latest, seriesEpisodes, newestEpisodes } = createLists();

/** A catalog on `db` that keeps what it published. @param lists of which it tells; those of the schedule have tests of their own */
export function testCatalog(
  db: Database,
  lists = new Lists([latest, seriesEpisodes, newestEpisodes]),
): WriteContext & { readonly published: LoggedChange[] } {
  const published: LoggedChange[] = [];
  return {
    db,
    published,
    lists,
    publish: ({ changes }) => {
      published.push(...changes);
    },
    audit: async () => undefined,
  };
}

export const playable = { name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' } as const;

/** An episode that is public unless told otherwise. */
export function episodeInput(overrides: Record<string, unknown> = {}): EpisodeInput {
  return episodeSchema.parse({ number: '1', status: 'published', videoServers: [playable], ...overrides });
}

export async function newSeries(catalog: WriteContext, overrides: Record<string, unknown> = {}) {
  const result = await createSeries(catalog, tester, seriesSchema.parse({ title: 'Frieren', ...overrides }));
  if (result.outcome !== 'saved') throw new Error(`The series was not saved: ${result.outcome}`);
  return result.series;
}

export async function newEpisode(
  catalog: WriteContext,
  seriesId: string,
  overrides: Record<string, unknown> = {},
) {
  const result = await createEpisode(catalog, tester, seriesId, episodeInput(overrides));
  if (result.outcome !== 'saved') throw new Error(`The episode was not saved: ${result.outcome}`);
  return result.episode;
}

/** An episode as events carry it, without any database. */
export function publicEpisode(episodeId: string, given: Partial<PublicEpisode> = {}): PublicEpisode {
  return {
    episodeId,
    kind: 'regular',
    number: '1',
    title: '',
    durationSeconds: null,
    still: null,
    publishedAt: '2026-11-23T09:30:00.000Z',
    seriesId: '44',
    seriesSlug: 'frieren',
    seriesTitle: 'Frieren',
    seriesTitleLanguage: 'en',
    seriesKind: 'tv',
    seriesNativeLanguage: null,
    seasonYear: null,
    season: null,
    audioLanguages: [],
    subtitleLanguages: [],
    ...given,
  };
}
