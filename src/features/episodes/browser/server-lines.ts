/** What a video server can be, as far as its address tells. */
export type ServerKind = 'embed' | 'file' | 'hls';

/** Guesses the kind of a server from what was pasted for its address: a file, a playlist, or else a page to embed. */
export function kindOf(pasted: string): ServerKind {
  const text = pasted.trim();
  if (text.includes('<')) return 'embed';
  const [path = ''] = text.split(/[?#]/);
  if (/\.m3u8$/i.test(path)) return 'hls';
  return /\.(?:mp4|m4v|webm|mkv|mov|ogv)$/i.test(path) ? 'file' : 'embed';
}

/** The lines of a text that has an address, or the code of one player, in each; empty for any other text. */
export function serverLines(text: string): readonly string[] {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.every(isServer) ? lines : [];
}

function isServer(line: string): boolean {
  return /^(?:https?:\/\/|\/media\/)[^\s<>]+$/i.test(line) || /^<iframe\s.*>$/i.test(line);
}

/** What a server is called whose address is all that is known of it: `video.example`. */
export function serverName(address: string): string {
  return (hostOf(address) || 'Server').slice(0, 60);
}

/** Of an address, or of code for embedding. Without `www.` and port; empty for a file of the site itself. */
export function hostOf(text: string): string {
  return (/(?:https?:)?\/\/(?:www\.)?([^\s/"'?#:]+)/i.exec(text)?.[1] ?? '').toLowerCase();
}

/**
 * Which of the rows each line is for, by their index; those of no row are new ones (undefined). A row with an address at the same host
 * goes first, then the row into which was pasted, then rows without an address.
 * @param urls of the rows, in their order
 */
export function rowsForLines(
  urls: readonly string[],
  lines: readonly string[],
  pastedInto?: number,
): readonly (number | undefined)[] {
  const free = new Set(urls.keys());
  const take = (index: number | undefined): number | undefined => {
    if (index === undefined || !free.delete(index)) return undefined;
    return index;
  };
  const known = lines.map((line) => {
    const host = hostOf(line);
    return take(host === '' ? undefined : [...free].find((index) => hostOf(urls[index] ?? '') === host));
  });
  let isFirst = true;
  return known.map((index) => {
    if (index !== undefined) return index;
    const into = isFirst ? take(pastedInto) : undefined;
    isFirst = false;
    return into ?? take([...free].find((each) => (urls[each] ?? '').trim() === ''));
  });
}
