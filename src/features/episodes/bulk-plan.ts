import type { Series } from '../series/fields';
import { type HostPresets, presetFor } from './browser/host-preset';
import { kindOf, serverName } from './browser/server-lines';
import type { Episode, EpisodeKind, EpisodeStatus } from './fields';
import type { Release } from './release-list';
import { readVideoAddress } from './video-address';
import type { VideoServer, VideoServerInput } from './video-server';

/** How a line's series was found. */
export type FoundSeries =
  | { readonly series: NamedSeries; readonly isGuess: boolean }
  /** Nothing is like it, or several are alike. */
  | { readonly problem: string };

type NamedSeries = Pick<Series, 'id' | 'title' | 'titleLanguage'>;

/** What all new episodes and servers of the list are. */
export type BulkOptions = {
  readonly status: Extract<EpisodeStatus, 'published' | 'draft' | 'hidden'>;
  readonly audioLanguage: string | null;
  readonly subtitleLanguage: string | null;
};

/** What the plan is made from. */
export type Known = {
  /** By the title that lines have; `''` for those without one. */
  readonly series: ReadonlyMap<string, FoundSeries>;
  readonly findEpisode: (seriesId: string, kind: EpisodeKind, number: string) => Episode | undefined;
  /** The one that new ones of the series are modelled on. */
  readonly lastOf: (seriesId: string) => Episode | undefined;
  readonly presets: HostPresets;
};

/** What would become of one episode of the list. */
export type Planned = {
  readonly release: Release;
  readonly series: NamedSeries | undefined;
  /** What to look at before it is saved. */
  readonly warnings: readonly string[];
} & (
  | { readonly state: 'refused'; readonly problems: readonly string[] }
  | { readonly state: 'new'; readonly number: string; readonly servers: readonly VideoServerInput[] }
  /** It is there already; these servers are not. */
  | { readonly state: 'adds'; readonly episode: Episode; readonly servers: readonly VideoServerInput[] }
  /** It is there, with all of these addresses. */
  | { readonly state: 'same'; readonly episode: Episode }
);

/** Compares a list with what is there. Nothing is written. */
export function planReleases(releases: readonly Release[], known: Known, options: BulkOptions): Planned[] {
  const firstLines = new Map<string, number>();
  return releases.map((release) => {
    const found = known.series.get(release.title);
    const series = found && 'series' in found ? found.series : undefined;
    const last = series && known.lastOf(series.id);
    const { servers, problems: addressProblems } = readServers(release.addresses, (url) =>
      serverAt(url, { last, presets: known.presets, options }),
    );
    const problems = [
      ...(found && 'problem' in found ? [found.problem] : []),
      ...(release.number === undefined
        ? ['Which episode it is can’t be read: a number has to stand before the addresses.']
        : []),
      ...addressProblems,
    ];
    const warnings =
      found && 'series' in found && found.isGuess ? [`“${release.title}” is taken for this series.`] : [];
    const page = { release, series, warnings };
    if (!series || release.number === undefined) return { ...page, state: 'refused', problems };
    const key = `${series.id} ${release.kind} ${release.number}`;
    const firstLine = firstLines.get(key);
    if (firstLine === undefined) firstLines.set(key, release.line);
    else problems.push(`Line ${firstLine} is the same episode.`);
    const episode = known.findEpisode(series.id, release.kind, release.number);
    const missing = servers.filter(({ url }) => !episode?.videoServers.some((server) => server.url === url));
    if (problems.length > 0) return { ...page, state: 'refused', problems };
    if (!episode) return { ...page, state: 'new', number: release.number, servers };
    if (missing.length === 0) return { ...page, state: 'same', episode };
    return { ...page, state: 'adds', episode, servers: missing };
  });
}

function readServers(
  addresses: readonly string[],
  toServer: (url: string) => VideoServerInput,
): { readonly servers: readonly VideoServerInput[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const servers: VideoServerInput[] = [];
  if (addresses.length === 0) problems.push('It has no address of a video.');
  for (const typed of addresses) {
    const address = readVideoAddress(typed);
    if ('problem' in address) problems.push(`${short(typed)}: ${address.problem}`);
    else if (!servers.some(({ url }) => url === address.url)) servers.push(toServer(address.url));
  }
  return { servers: withOwnNames(servers), problems };
}

const MAX_SHOWN = 60;

/** Of an address that may be a page of code. */
function short(address: string): string {
  return address.length > MAX_SHOWN ? `${address.slice(0, MAX_SHOWN)}…` : address;
}

/** As the last episode has one at that host; else called and played as the last one there was, else as its address tells. */
function serverAt(
  url: string,
  {
    last,
    presets,
    options,
  }: { readonly last: Episode | undefined; readonly presets: HostPresets; readonly options: BulkOptions },
): VideoServerInput {
  const host = hostOf(url);
  const like: VideoServer | undefined = last?.videoServers.find((server) => hostOf(server.url) === host);
  if (like) {
    const { name, audioLanguage, subtitleLanguage, sandboxed } = like;
    const kind = like.kind === 'embed' ? like.kind : kindOf(url);
    return { name, kind, url, audioLanguage, subtitleLanguage, sandboxed, enabled: true };
  }
  const preset = presetFor(presets, url);
  return {
    name: preset?.name ?? serverName(url),
    kind: preset?.kind || kindOf(url),
    url,
    audioLanguage: options.audioLanguage,
    subtitleLanguage: options.subtitleLanguage,
    sandboxed: preset?.sandboxed !== '',
    enabled: true,
  };
}

/** Empty for a file of the site itself. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

/** Two of one host: `video.example`, `video.example 2`. */
function withOwnNames(servers: readonly VideoServerInput[]): VideoServerInput[] {
  const counts = new Map<string, number>();
  return servers.map((server) => {
    const count = (counts.get(server.name) ?? 0) + 1;
    counts.set(server.name, count);
    return count === 1 ? server : { ...server, name: `${server.name.slice(0, 56)} ${count}` };
  });
}
