import type { Actor, Catalog } from '../../src/catalog/catalog-write';
import { type EpisodeInput, episodeSchema } from '../../src/catalog/episode';
import { createEpisode } from '../../src/catalog/episode-repository';
import { seriesSchema } from '../../src/catalog/series';
import { createSeries } from '../../src/catalog/series-repository';
import type { ChangeEvent, PublicEpisode } from '../../src/changes/change-event';
import type { Database } from '../../src/platform/database';

export const tester: Actor = { kind: 'system', id: null, name: 'test' };

/** A catalog on `db` that keeps what it published. */
export function testCatalog(db: Database): Catalog & { readonly published: ChangeEvent[] } {
  const published: ChangeEvent[] = [];
  return {
    db,
    published,
    publish: (events) => {
      published.push(...events);
    },
    audit: async () => undefined,
  };
}

export const playable = { name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' } as const;

/** An episode that is public unless told otherwise. */
export function episodeInput(overrides: Record<string, unknown> = {}): EpisodeInput {
  return episodeSchema.parse({ number: '1', status: 'published', videoServers: [playable], ...overrides });
}

export async function newSeries(catalog: Catalog, overrides: Record<string, unknown> = {}) {
  const result = await createSeries(catalog, tester, seriesSchema.parse({ title: 'Frieren', ...overrides }));
  if (result.outcome !== 'saved') throw new Error(`The series was not saved: ${result.outcome}`);
  return result.series;
}

export async function newEpisode(
  catalog: Catalog,
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
    seasonYear: null,
    season: null,
    ...given,
  };
}
