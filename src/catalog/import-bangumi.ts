import {
  type BangumiData,
  type BangumiSeries,
  loadBangumiData,
  readBangumiSeries,
  type Skipped,
} from './bangumi-data';
import { broadcastsUntil } from './broadcast';
import { type Actor, type Catalog, type Write, writeCatalog } from './catalog-write';
import {
  insertEpisodes,
  insertSeries,
  type Known,
  type NewEpisode,
  readKnown,
  readSlugs,
  type SlugRow,
  type Wanted,
} from './import-rows';
import { MAX_SLUG_LENGTH, slugFromTitle } from './series';

type ImportOptions = {
  /** Only the series that begin from then on; without it, all of them. */
  readonly since?: Date;
  readonly now: Date;
  /** Instead of the installed package. */
  readonly data?: BangumiData;
  /** Series that are done, of those there are to do. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the import between two transactions: what is done stays. */
  readonly signal?: AbortSignal;
};

export type ImportResult = {
  readonly series: { readonly added: number; readonly known: number };
  readonly episodes: { readonly added: number; readonly known: number };
  /** Up to when the data knows what was broadcast. */
  readonly knownUntil: Date;
  readonly skipped: readonly Skipped[];
};

type ChunkResult = Omit<ImportResult, 'knownUntil'>;

/** One transaction holds the locks of this many series at most, … */
const MAX_CHUNK_SERIES = 250;
/** … and adds this many episodes at most, unless one series alone has more. */
const MAX_CHUNK_EPISODES = 4_000;
/** The longest series of the data set, weekly since 1969, has 3,000. */
const MAX_EPISODES = 5_000;
/** A broadcast that is found later than this is back catalog: nobody is told that it is new. */
const NEWS_MS = 24 * 3_600_000;

/** Where an import of the recent series begins, so that a first start is quick: two years before `now`. */
export function recentSince(now: Date): Date {
  const since = new Date(now);
  since.setUTCFullYear(now.getUTCFullYear() - 2);
  return since;
}

/**
 * Adds what is missing of bangumi-data to the catalog: series, and one episode for each broadcast up to `now`. It
 * only adds: series that are there keep what admins made of them, and a second import changes nothing.
 * @throws the reason of `signal` when that ends it.
 */
export async function importBangumi(
  catalog: Catalog,
  actor: Actor,
  options: ImportOptions,
): Promise<ImportResult> {
  const { now, onProgress, signal } = options;
  const data = readBangumiSeries(options.data ?? (await loadBangumiData()));
  const { wanted, skipped: incomplete } = chooseWanted(data, await readSlugs(catalog.db), options);
  const skipped = [...data.skipped, ...incomplete];
  const series = { added: 0, known: 0 };
  const episodes = { added: 0, known: 0 };
  let done = 0;
  onProgress?.(done, wanted.length);
  for (const chunk of toChunks(wanted)) {
    signal?.throwIfAborted();
    const result = await importChunk(catalog, actor, chunk, now);
    series.added += result.series.added;
    series.known += result.series.known;
    episodes.added += result.episodes.added;
    episodes.known += result.episodes.known;
    skipped.push(...result.skipped);
    done += chunk.length;
    onProgress?.(done, wanted.length);
  }
  return { series, episodes, knownUntil: data.knownUntil, skipped };
}

/** The series that the options ask for, and what is left out of them. */
function chooseWanted(
  { series: all, knownUntil }: Pick<ReturnType<typeof readBangumiSeries>, 'series' | 'knownUntil'>,
  slugsInUse: readonly SlugRow[],
  { since, now }: Pick<ImportOptions, 'since' | 'now'>,
): { readonly wanted: readonly Wanted[]; readonly skipped: readonly Skipped[] } {
  const wanted: Wanted[] = [];
  const skipped: Skipped[] = [];
  // For all: an address should not depend on whether the older series came first, later or never.
  for (const { series, slug } of assignSlugs(all, slugsInUse)) {
    const { title, beginsAt, endsAt, rule } = series;
    if (since && !(beginsAt && beginsAt >= since)) continue;
    // One more than there may be, to tell that there are more.
    const extent = endsAt ? { endsAt } : { knownUntil };
    const broadcasts = rule ? broadcastsUntil(rule, extent, { now, limit: MAX_EPISODES + 1 }) : [];
    skipped.push(...series.skipped);
    if (broadcasts.length > MAX_EPISODES) {
      skipped.push({ title, reason: `Only the first ${MAX_EPISODES} broadcasts became episodes.` });
    }
    wanted.push({ ...series, slug, broadcasts: broadcasts.slice(0, MAX_EPISODES) });
  }
  return { wanted, skipped };
}

/** In the given order: imports that run at the same time then wait for each other, and don't deadlock. */
function toChunks(wanted: readonly Wanted[]): Wanted[][] {
  const chunks: Wanted[][] = [];
  let chunk: Wanted[] = [];
  let episodes = 0;
  for (const series of wanted) {
    const isFull =
      chunk.length === MAX_CHUNK_SERIES || episodes + series.broadcasts.length > MAX_CHUNK_EPISODES;
    if (isFull && chunk.length > 0) {
      chunks.push(chunk);
      chunk = [];
      episodes = 0;
    }
    chunk.push(series);
    episodes += series.broadcasts.length;
  }
  return chunk.length > 0 ? [...chunks, chunk] : chunks;
}

async function importChunk(
  catalog: Catalog,
  actor: Actor,
  chunk: readonly Wanted[],
  now: Date,
): Promise<ChunkResult> {
  const known = await readKnown(catalog.db, chunk);
  const incomplete = chunk.filter((series) => missingBroadcasts(series, known.get(series.source)).length > 0);
  if (incomplete.length === 0 && chunk.every(({ source }) => known.has(source))) {
    return countResult(chunk, { series: 0, episodes: 0 });
  }
  const seriesIds = incomplete.flatMap(({ source }) => known.get(source)?.id ?? []);
  return writeCatalog(catalog, actor, { seriesIds, episodeIds: [] }, (write) =>
    addMissing(write, chunk, known, now),
  );
}

/** In the transaction, where what is there is read once more: now nobody else adds to these series. */
async function addMissing(
  { trx, created, audit }: Write,
  chunk: readonly Wanted[],
  knownBefore: ReadonlyMap<string, Known>,
  now: Date,
): Promise<ChunkResult> {
  const addedSeries = await insertSeries(
    trx,
    chunk.filter(({ source }) => !knownBefore.has(source)),
  );
  const known = await readKnown(trx, chunk);
  const present = chunk.filter(({ source }) => known.has(source));
  const addedEpisodes = await insertEpisodes(
    trx,
    present.flatMap((series) =>
      newEpisodes(series, known.get(series.source), knownBefore.has(series.source), now),
    ),
  );
  for (const id of addedEpisodes) created(id);
  const added = { series: addedSeries, episodes: addedEpisodes.length };
  if (added.series + added.episodes > 0) {
    await audit({
      action: 'catalog.import',
      subjectKind: 'catalog',
      subjectId: null,
      details: { from: 'bangumi-data', ...added },
    });
  }
  const refused = chunk.filter(({ source }) => !known.has(source));
  return countResult(
    present,
    added,
    refused.map(({ title, slug }) => ({
      title,
      reason: `Its address /series/${slug} was given to another series in this moment. Import again.`,
    })),
  );
}

function countResult(
  present: readonly Wanted[],
  added: { readonly series: number; readonly episodes: number },
  skipped: readonly Skipped[] = [],
): ChunkResult {
  const broadcasts = present.reduce((sum, series) => sum + series.broadcasts.length, 0);
  return {
    series: { added: added.series, known: present.length - added.series },
    episodes: { added: added.episodes, known: broadcasts - added.episodes },
    skipped,
  };
}

type MissingBroadcast = { readonly number: number; readonly time: Date };

/** An admin may have given an episode another number: it still has the time of its broadcast. */
function missingBroadcasts({ broadcasts }: Wanted, known: Known | undefined): MissingBroadcast[] {
  return broadcasts
    .map((time, index) => ({ number: index + 1, time }))
    .filter(({ number, time }) => !known?.numbers.has(number) && !known?.times.has(time.getTime()));
}

function newEpisodes(series: Wanted, known: Known | undefined, wasKnown: boolean, now: Date): NewEpisode[] {
  if (!known) return [];
  return missingBroadcasts(series, known).map(({ number, time }) => ({
    series_id: known.id,
    number,
    published_at: time,
    // Null makes it a new one: writeCatalog sets it and announces the card.
    first_public_at: wasKnown && now.getTime() - time.getTime() < NEWS_MS ? null : time,
  }));
}

/** A slug for each series: the one it has, else the first free one of its title. */
function assignSlugs(
  all: readonly BangumiSeries[],
  inUse: readonly SlugRow[],
): readonly { readonly series: BangumiSeries; readonly slug: string }[] {
  const taken = new Set(inUse.map(({ slug }) => slug));
  const known = new Map(inUse.map(({ slug, source }) => [source, slug]));
  return all.map((series) => {
    const slug = known.get(series.source) ?? freeSlug(series, taken);
    taken.add(slug);
    return { series, slug };
  });
}

/** `title`, `title-2024`, `title-2024-2`, … */
function freeSlug({ title, seasonYear }: BangumiSeries, taken: ReadonlySet<string>): string {
  const plain = slugFromTitle(title);
  const hasYear = seasonYear === null || plain.endsWith(`-${seasonYear}`);
  const dated = hasYear ? plain : withSuffix(plain, `-${seasonYear}`);
  for (const candidate of [plain, dated]) if (!taken.has(candidate)) return candidate;
  for (let count = 2; ; count++) {
    const candidate = withSuffix(dated, `-${count}`);
    if (!taken.has(candidate)) return candidate;
  }
}

function withSuffix(slug: string, suffix: string): string {
  return slug.slice(0, MAX_SLUG_LENGTH - suffix.length).replace(/-$/, '') + suffix;
}
