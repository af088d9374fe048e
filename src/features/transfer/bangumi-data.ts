import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { instant, languageTag, line, paragraphs, parseInput, requiredLine } from '../../web/input';
import { SERIES_KINDS, type Season, type SeriesKind, type SeriesLink } from '../series/fields';
import { type BroadcastRule, listedDays, parseBroadcastRule, seasonOf } from '../series/public';
import { keysOf, sourcesOf } from './import-keys';

/** What could not be imported, and why. `title` names the series as the data set does. */
export type Skipped = { readonly title: string; readonly reason: string };

/** The data set, before its items are looked at. */
export type BangumiData = {
  readonly siteMeta: Readonly<Record<string, SiteMeta>>;
  readonly items: readonly unknown[];
};

/** A series of the data set in the words of the catalog, without its slug. */
export type BangumiSeries = {
  /** What the series can be named by for good, the best first; `source` is the first that no series before it has. */
  readonly sources: readonly string[];
  readonly source: string;
  /** What it is recognised by in another edition of the data. */
  readonly keys: readonly string[];
  readonly title: string;
  readonly titleLanguage: string;
  readonly titleNative: string | null;
  readonly nativeLanguage: string | null;
  readonly synonyms: readonly string[];
  readonly kind: SeriesKind;
  readonly seasonYear: number | null;
  readonly season: Season | null;
  readonly beginsAt: Date | null;
  readonly endsAt: Date | null;
  /** The rule as it is written. */
  readonly broadcast: string | null;
  readonly rule: BroadcastRule | undefined;
  readonly links: readonly SeriesLink[];
  readonly note: string;
  /** Parts that were left out. */
  readonly skipped: readonly Skipped[];
};

const siteMeta = z.object({
  title: requiredLine(100),
  urlTemplate: z.string(),
  regions: z.array(z.string()).optional(),
  /** `resource`: sites for downloads. */
  type: z.enum(['info', 'onair', 'resource']),
});
type SiteMeta = z.output<typeof siteMeta>;

const dataSchema = z.object({ siteMeta: z.record(z.string(), siteMeta), items: z.array(z.unknown()) });

/** The data set writes '' for a time that is not known. */
const optionalInstant = z.union([z.literal('').transform(() => null), instant]);

const itemSchema = z.object({
  title: requiredLine(300),
  titleTranslate: z.record(z.string(), z.array(requiredLine(300))),
  type: z.enum(SERIES_KINDS, 'Must be tv, movie, ova or web.'),
  lang: languageTag,
  officialSite: z.string(),
  begin: optionalInstant,
  end: optionalInstant,
  broadcast: line(100).optional(),
  comment: paragraphs(10_000).optional(),
  sites: z.array(
    z.object({
      site: z.string(),
      id: z.string().optional(),
      url: z.string().optional(),
      regions: z.array(z.string()).optional(),
      begin: z.string().optional(),
      broadcast: z.string().optional(),
      comment: z.string().optional(),
    }),
  ),
});
type Item = z.output<typeof itemSchema>;

/**
 * Reads the npm package `bangumi-data` (7 MB). Not with `require`, which would keep it in memory for good.
 * https://github.com/bangumi-data/bangumi-data (CC BY 4.0)
 */
export async function loadBangumiData(): Promise<BangumiData> {
  const json: unknown = JSON.parse(await readFile(require.resolve('bangumi-data'), 'utf8'));
  return dataSchema.parse(json);
}

/**
 * The series of the data set, the earliest first; those without a begin last. Always of the whole data set: what
 * makes a `source` unique, and how old the data is, must not depend on how much is imported.
 */
export function readBangumiSeries(data: BangumiData): {
  /** Up to when the data knows what was broadcast. */
  readonly knownUntil: Date;
  readonly series: readonly BangumiSeries[];
  readonly skipped: readonly Skipped[];
} {
  const items: Item[] = [];
  const skipped: Skipped[] = [];
  for (const [index, raw] of data.items.entries()) {
    const parsed = parseInput(itemSchema, raw);
    if (parsed.ok) items.push(parsed.value);
    else {
      const reason = parsed.errors.map(({ field, message }) => `${field || 'item'}: ${message}`).join(' ');
      skipped.push({ title: titleOf(raw) ?? `Item ${index + 1} of the data set`, reason });
    }
  }
  const beginOf = ({ begin }: Item) => begin?.getTime() ?? Number.POSITIVE_INFINITY;
  // Two without a begin: ∞ − ∞ is no number. Equals stay in the order of the data set.
  items.sort((a, b) => beginOf(a) - beginOf(b) || 0);

  const taken = new Set<string>();
  const series: BangumiSeries[] = [];
  for (const item of items) {
    const sources = sourcesOf(item);
    const source = sources.find((candidate) => !taken.has(candidate));
    if (source) {
      taken.add(source);
      series.push({ ...toSeries(item, data.siteMeta), source, sources, keys: keysOf(item, sources) });
    } else {
      skipped.push({
        title: item.title,
        reason: 'The data set has it twice, with the same titles and begin.',
      });
    }
  }
  return { knownUntil: dateOf(items), series, skipped };
}

/** Of so many begins and ends one, the latest, is taken for an announcement. */
const TIMES_PER_ANNOUNCEMENT = 1_000;

/**
 * When the data was last kept up to date. The package bears no date, and `begin` and `end` may be announced: the
 * newest of them is up to 11 months after its release. Without the newest thousandth they are at most 34 days after it,
 * and in the median 4 days before (86 releases since 2018, compared with the dates of their tags).
 */
function dateOf(items: readonly Item[]): Date {
  const times = items
    .flatMap(({ begin, end }) => [begin, end])
    .flatMap((time) => (time ? [time.getTime()] : []))
    .sort((a, b) => b - a);
  return new Date(times[Math.floor(times.length / TIMES_PER_ANNOUNCEMENT)] ?? 0);
}

function titleOf(raw: unknown): string | undefined {
  const parsed = z.object({ title: z.string().min(1) }).safeParse(raw);
  return parsed.success ? parsed.data.title : undefined;
}

function toSeries(
  item: Item,
  sites: BangumiData['siteMeta'],
): Omit<BangumiSeries, 'source' | 'sources' | 'keys'> {
  const { begin, end, type: kind } = item;
  const title = item.titleTranslate.en?.[0] ?? item.title;
  const hasNative = title !== item.title;
  const titles = [item.title, ...Object.values(item.titleTranslate).flat()];
  const broadcast = item.broadcast || null;
  const rule = broadcast === null ? undefined : parseBroadcastRule(broadcast);
  const { links, problems } = toLinks(item, sites);
  const { begins } = listedDays({ kind, beginsAt: begin, endsAt: end, links });
  const season = begins && seasonOf(begins, kind);
  if (broadcast !== null) problems.push(...broadcastProblems(rule, broadcast, end));
  return {
    title,
    titleLanguage: item.titleTranslate.en?.[0] === undefined ? item.lang : 'en',
    titleNative: hasNative ? item.title : null,
    nativeLanguage: hasNative ? item.lang : null,
    synonyms: [...new Set(titles)].filter((other) => other !== title && other !== item.title),
    kind,
    seasonYear: season?.year ?? null,
    season: season?.season ?? null,
    beginsAt: begin,
    endsAt: end,
    broadcast,
    rule,
    links,
    note: item.comment ?? '',
    skipped: problems.map((reason) => ({ title: item.title, reason })),
  };
}

function broadcastProblems(rule: BroadcastRule | undefined, text: string, end: Date | null): string[] {
  if (!rule) return [`No episodes: the broadcast rule ${text} can't be read.`];
  const onlyOnce = rule.every === 0;
  return !onlyOnce && end && rule.startsAt > end
    ? [`No episodes: the broadcast rule ${text} starts after the end, ${end.toISOString()}.`]
    : [];
}

function toLinks(item: Item, sites: BangumiData['siteMeta']): { links: SeriesLink[]; problems: string[] } {
  const links: SeriesLink[] = [];
  const problems: string[] = [];
  const add = (link: SeriesLink) => {
    const url = URL.canParse(link.url) ? new URL(link.url) : undefined;
    if (url?.protocol === 'https:' || url?.protocol === 'http:') links.push({ ...link, url: url.href });
    else problems.push(`Without the link to ${link.title}: ${JSON.stringify(link.url)} is no web address.`);
  };
  if (item.officialSite) add({ title: 'Official site', url: item.officialSite, kind: 'official' });
  for (const { site, id, url, regions, begin, broadcast, comment } of item.sites) {
    const meta = sites[site];
    if (!meta) {
      problems.push(`Without the link to ${site}: the data set does not say what site that is.`);
    } else if (meta.type !== 'resource') {
      // A function: in a string, `$&` would be a pattern.
      const address = url || (id ? meta.urlTemplate.replace('{{id}}', () => id) : '');
      const where = [...new Set(regions ?? meta.regions)];
      add({
        title: meta.title,
        url: address,
        kind: meta.type,
        ...(where.length > 0 && { regions: where }),
        ...(begin && { beginsAt: begin }),
        ...(broadcast && { broadcast }),
        ...(comment && { note: comment }),
      });
    }
  }
  return { links, problems };
}
