/** How much a client wants a body in each of our encodings: from 0, not at all, to 1. */
export type EncodingWeights = { readonly br: number; readonly gzip: number; readonly identity: number };

/**
 * Reads the header Accept-Encoding (RFC 9110, section 12.5.3). An item that is not well-formed counts as not there. This only
 * splits and compares: the header is the client's, has up to 16 KB, and is read before any limit.
 */
export function parseAcceptEncoding(header = ''): EncodingWeights {
  const named = new Map<string, number>();
  for (const item of header.split(',')) {
    const [name = '', ...parameters] = item.split(';');
    const encoding = name.trim().toLowerCase();
    if (!READ.has(encoding)) continue;
    const weight = parseWeight(parameters);
    if (weight !== undefined) named.set(encoding, Math.max(weight, named.get(encoding) ?? 0));
  }
  const others = named.get('*') ?? 0;
  return {
    br: named.get('br') ?? others,
    gzip: named.get('gzip') ?? others,
    identity: named.get('identity') ?? others,
  };
}

const READ: ReadonlySet<string> = new Set(['br', 'gzip', 'identity', '*']);

/** Returns 1 where there is no weight, and undefined when it is not well-formed. */
function parseWeight(parameters: readonly string[]): number | undefined {
  const [parameter, ...more] = parameters;
  if (parameter === undefined) return 1;
  const [name = '', value = ''] = parameter.trim().split('=', 2);
  if (more.length > 0 || name.toLowerCase() !== 'q' || !WEIGHT.test(value)) return undefined;
  return Number(value);
}

const WEIGHT = /^(?:0(?:\.[0-9]{0,9})?|1(?:\.0{0,9})?)$/;

/** Writes the weights as a short header, for libraries that read it after us and may be slow at a long one. */
export function formatAcceptEncoding(weights: EncodingWeights): string {
  return Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .map(([encoding, weight]) => `${encoding};q=${weight}`)
    .join(', ');
}
