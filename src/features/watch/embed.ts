import type { VideoServer } from '../episodes/fields';

type Embed = Pick<VideoServer, 'url' | 'sandboxed'>;

/** What a player needs. Windows of its own are left out, and leading the page elsewhere: it is not there for that. */
const SANDBOX = ['allow-scripts', 'allow-forms', 'allow-presentation'];
/** Without it a host's player can't reach its own files. With it a page of ours could take its sandbox off. */
const OWN_ORIGIN = 'allow-same-origin';

/**
 * The sandbox of an embedded player, as its attribute; undefined for a host that refuses to play in one.
 * @param siteHost `nipnime.example:8443`
 */
export function sandboxOf({ url, sandboxed }: Embed, siteHost: string | undefined): string | undefined {
  if (!sandboxed) return undefined;
  return (isOwn(url, siteHost) ? SANDBOX : [...SANDBOX, OWN_ORIGIN]).join(' ');
}

/** What the page's policy has to allow as frames: each origin once. */
export function frameOrigins(servers: readonly (Embed & Pick<VideoServer, 'kind'>)[]): readonly string[] {
  const embeds = servers.filter(({ kind }) => kind === 'embed');
  return [...new Set(embeds.map(({ url }) => (url.startsWith('/') ? "'self'" : new URL(url).origin)))];
}

function isOwn(url: string, siteHost: string | undefined): boolean {
  return url.startsWith('/') || new URL(url).host === siteHost;
}
