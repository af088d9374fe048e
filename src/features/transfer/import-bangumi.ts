import type { Actor, WriteContext } from '../episodes/write';
import { broadcastsUntil, readFormerSlugs } from '../series/public';
import { readReadings } from '../titles/public';
import {
  type BangumiData,
  type BangumiSeries,
  loadBangumiData,
  readBangumiSeries,
  type Skipped,
} from './bangumi-data';
import { type ImportCounts, importChunk, type Wanted } from './import-chunk';
import { matchSeries } from './import-matching';
import { extentOf } from './import-plan';
import { type CatalogEntry, readCatalogEntries } from './import-rows';
import { assignSlugs } from './import-slugs';

type ImportOptions = {
  /** Only the series that begin from then on, and those that are there; without it, all of them. */
  readonly since?: Date;
  readonly now: Date;
  /** Instead of the installed package. */
  readonly data?: BangumiData;
  /** Series that are done, of those there are to do. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the import between two transactions: what is done stays. */
  readonly signal?: AbortSignal;
};

export type ImportResult = ImportCounts & {
  /** Up to when the data knows what was broadcast. */
  readonly knownUntil: Date;
  /** Imported once, and no longer in the data. They stay. */
  readonly gone: readonly { readonly slug: string; readonly title: string }[];
  readonly skipped: readonly Skipped[];
  /** What two items, or two series, have a claim to. */
  readonly ambiguous: readonly Skipped[];
};

/** One transaction holds the locks of this many series at most, … */
const MAX_CHUNK_SERIES = 250;
/** … and adds this many episodes at most, unless one series alone has more. */
const MAX_CHUNK_EPISODES = 4_000;
/** The longest series of the data set, weekly since 1969, has 3,000. */
const MAX_EPISODES = 5_000;

/** Where an import of the recent series begins, so that a first start is quick: two years before `now`. */
export function recentSince(now: Date): Date {
  const since = new Date(now);
  since.setUTCFullYear(now.getUTCFullYear() - 2);
  return since;
}

/**
 * Brings the catalog to what bangumi-data says: series, and one episode for each broadcast up to `now`. What somebody
 * has edited, deleted or added stays as it is, field by field and episode by episode; what the data no longer has
 * stays, too, and is told. A second import of the same data changes nothing.
 * @throws the reason of `signal` when that ends it.
 */
export async function importBangumi(
  catalog: WriteContext,
  actor: Actor,
  options: ImportOptions,
): Promise<ImportResult> {
  const { now, onProgress, signal } = options;
  const data = readBangumiSeries(options.data ?? (await loadBangumiData()));
  const recognised = recognise(data.series, await readCatalogEntries(catalog.db), {
    formerSlugs: await readFormerSlugs(catalog.db),
    readings: await readReadings(
      catalog.db,
      data.series.map(({ title }) => title),
    ),
  });
  const { wanted, skipped: incomplete } = chooseWanted(recognised.series, data.knownUntil, options);
  const skipped = [...data.skipped, ...incomplete];
  const plan = { now, knownUntil: data.knownUntil, maxEpisodes: MAX_EPISODES };
  let counts = NOTHING;
  let done = 0;
  onProgress?.(done, wanted.length);
  for (const chunk of toChunks(wanted)) {
    signal?.throwIfAborted();
    const result = await importChunk(catalog, actor, chunk, plan);
    counts = sum(counts, result);
    skipped.push(...result.skipped);
    done += chunk.length;
    onProgress?.(done, wanted.length);
  }
  const ambiguous = [...recognised.doubles, ...wanted.flatMap(({ lookalike }) => lookalike ?? [])];
  return { ...counts, knownUntil: data.knownUntil, gone: recognised.gone, skipped, ambiguous };
}

const NOTHING: ImportCounts = {
  series: { added: 0, updated: 0, known: 0 },
  episodes: { added: 0, moved: 0, takenBack: 0, broughtBack: 0, known: 0 },
};

function sum(a: ImportCounts, b: ImportCounts): ImportCounts {
  return {
    series: {
      added: a.series.added + b.series.added,
      updated: a.series.updated + b.series.updated,
      known: a.series.known + b.series.known,
    },
    episodes: {
      added: a.episodes.added + b.episodes.added,
      moved: a.episodes.moved + b.episodes.moved,
      takenBack: a.episodes.takenBack + b.episodes.takenBack,
      broughtBack: a.episodes.broughtBack + b.episodes.broughtBack,
      known: a.episodes.known + b.episodes.known,
    },
  };
}

type Recognised = Omit<Wanted, 'broadcasts'> & {
  /** For one that is not there: the series that it could have been taken for. */
  readonly lookalike: Skipped | undefined;
};

/**
 * Finds each series of the data in the catalog, or gives it a source and an address. For all, however many are wanted:
 * an address should not depend on whether the older series came first, later or never.
 */
function recognise(
  all: readonly BangumiSeries[],
  entries: readonly CatalogEntry[],
  {
    formerSlugs,
    readings,
  }: { readonly formerSlugs: readonly string[]; readonly readings: ReadonlyMap<string, string> },
): {
  readonly series: readonly Recognised[];
  readonly gone: ImportResult['gone'];
  readonly doubles: readonly Skipped[];
} {
  const { seriesOf, doublesOf, lookalikesOf } = matchSeries(all, entries);
  const entryOf = (index: number) => entries[seriesOf.get(index) ?? -1];
  const slugs = assignSlugs(
    all.map((series, index) => ({
      ...series,
      slug: entryOf(index)?.slug,
      reading: readings.get(series.title),
    })),
    [...entries.map(({ slug }) => slug), ...formerSlugs],
  );
  const takenSources = new Set(entries.map(({ source }) => source));
  const series = all.map((one, index): Recognised => {
    const entry = entryOf(index);
    const slug = slugs[index] ?? '';
    const source = entry?.source ?? freeSource(one, takenSources);
    takenSources.add(source);
    const other = entries[lookalikesOf.get(index) ?? -1];
    const lookalike = other && {
      title: one.title,
      reason: `Became /series/${slug}: it has a key of /series/${other.slug}, which is another item of the data.`,
    };
    return { series: one, id: entry?.id, slug, source, lookalike };
  });
  const found = new Set(seriesOf.values());
  const lost = [...entries.entries()].filter(([index, { keys }]) => keys.length > 0 && !found.has(index));
  const doubles = lost.flatMap(([index, { slug, title }]) => {
    const other = entryOf(doublesOf.get(index) ?? -1);
    const reason = `Is there as /series/${slug} and as /series/${other?.slug}, which alone is kept up to date.`;
    return other ? [{ title, reason }] : [];
  });
  return { series, gone: lost.map(([, { slug, title }]) => ({ slug, title })), doubles };
}

/** The one that an older series may have taken stays its own: an id can move from one item to another. */
function freeSource({ source, sources }: BangumiSeries, taken: ReadonlySet<string | null>): string {
  const free = [source, ...sources].find((candidate) => !taken.has(candidate));
  if (free !== undefined) return free;
  for (let count = 2; ; count++) {
    if (!taken.has(`${source}:${count}`)) return `${source}:${count}`;
  }
}

/** The series that the options ask for, and what is left out of them. */
function chooseWanted(
  all: readonly Recognised[],
  knownUntil: Date,
  { since, now }: Pick<ImportOptions, 'since' | 'now'>,
): { readonly wanted: readonly (Wanted & Recognised)[]; readonly skipped: readonly Skipped[] } {
  const wanted: (Wanted & Recognised)[] = [];
  const skipped: Skipped[] = [];
  for (const recognised of all) {
    const { title, beginsAt, endsAt, rule } = recognised.series;
    if (since && recognised.id === undefined && !(beginsAt && beginsAt >= since)) continue;
    skipped.push(...recognised.series.skipped);
    // One more than there may be, to tell that there are more.
    const limit = MAX_EPISODES + 1;
    const broadcasts = rule ? broadcastsUntil(rule, extentOf(endsAt, knownUntil), { now, limit }).length : 0;
    if (broadcasts > MAX_EPISODES) {
      skipped.push({ title, reason: `Only the first ${MAX_EPISODES} broadcasts became episodes.` });
    }
    wanted.push({ ...recognised, broadcasts });
  }
  return { wanted, skipped };
}

/** In the given order: imports that run at the same time then wait for each other, and don't deadlock. */
function toChunks(wanted: readonly Wanted[]): Wanted[][] {
  const chunks: Wanted[][] = [];
  let chunk: Wanted[] = [];
  let episodes = 0;
  for (const series of wanted) {
    const isFull = chunk.length === MAX_CHUNK_SERIES || episodes + series.broadcasts > MAX_CHUNK_EPISODES;
    if (isFull && chunk.length > 0) {
      chunks.push(chunk);
      chunk = [];
      episodes = 0;
    }
    chunk.push(series);
    episodes += series.broadcasts;
  }
  return chunk.length > 0 ? [...chunks, chunk] : chunks;
}
