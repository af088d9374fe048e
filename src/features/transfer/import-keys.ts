import { createHash } from 'node:crypto';

/** What tells an item of bangumi-data from the others. */
type Identified = {
  readonly title: string;
  readonly titleTranslate: Readonly<Record<string, readonly string[]>>;
  readonly lang: string;
  readonly begin: Date | null;
  readonly officialSite: string;
  readonly sites: readonly {
    readonly site: string;
    readonly id?: string | undefined;
    readonly url?: string | undefined;
  }[];
};

/**
 * Keys of the item that name a series for good, the best first. Some items have no id at bangumi.tv; some share one (a
 * co-production has an item for each country), and two even share title and begin.
 */
export function sourcesOf(item: Identified): string[] {
  const { title, begin, titleTranslate, sites } = item;
  const id = sites.find(({ site }) => site === 'bangumi')?.id;
  return [...(id ? [`bangumi:${id}`] : []), titleAndBegin(title, begin), hash(title, begin, titleTranslate)];
}

/** What a title and a begin are recognised by. */
export function titleAndBegin(title: string, begin: Date | null): string {
  return hash(title, begin);
}

/**
 * All that the item is recognised by: what names it for good, its ids and addresses elsewhere, its title.
 * @param sources those of `sourcesOf`
 */
export function keysOf(item: Identified, sources: readonly string[]): string[] {
  const { title, lang, officialSite, sites } = item;
  const id = sites.find(({ site }) => site === 'bangumi')?.id;
  const elsewhere = sites.flatMap(({ site, id, url }) => {
    const key = id || url;
    return key && site !== 'bangumi' ? [`${site}:${key}`] : [];
  });
  return [
    ...new Set([
      ...sources,
      // The items of a co-production differ by it.
      ...(id ? [`language:${id}@${lang}`] : []),
      ...elsewhere,
      ...(officialSite ? [`official:${officialSite}`] : []),
      titleKey(title),
    ]),
  ];
}

export function titleKey(title: string): string {
  return `title:${title}`;
}

/** How sure a key is. */
export type KeyWeight = {
  readonly weight: number;
  /**
   * Names one series. Of the ids in bangumi-data 0.3.208 those at AniDB, AniList, MyAnimeList and bangumi.tv are shared by
   * less than 0.3 % of their items, mistakes among them; an address at a stream or an official site is often that of all
   * seasons (30 % of the official ones).
   */
  readonly isStrong: boolean;
};

const STRONG_WEIGHTS: Readonly<Record<string, number>> = {
  // Title and begin: an id may move from one item to another when somebody corrects it.
  'bangumi-data': 7,
  bangumi: 6,
  anidb: 4,
  aniList: 4,
  mal: 4,
};

export function weightOf(key: string): KeyWeight {
  const kind = key.slice(0, key.indexOf(':'));
  const strong = STRONG_WEIGHTS[kind];
  if (strong !== undefined) return { weight: strong, isStrong: true };
  return { weight: kind === 'language' ? 0.5 : 1, isStrong: false };
}

function hash(...parts: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `bangumi-data:${digest.slice(0, 16)}`;
}
