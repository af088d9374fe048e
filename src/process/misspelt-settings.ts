/** Only settings begin with these. */
const PREFIXES = ['SSE_', 'METRICS_'];
/** What Kubernetes tells each container of a service. https://kubernetes.io/docs/tutorials/services/connect-applications-service/ */
const OF_A_SERVICE = /_SERVICE_(HOST$|PORT$|PORT_)|_PORT_\d{1,5}_(TCP|UDP|SCTP)($|_(ADDR|PORT|PROTO)$)/;
const ADDRESS_OF_A_SERVICE = /^(tcp|udp|sctp):\/\//;
/** Shorter settings are near to ordinary names: PORT to PATH, HOST to HOME. */
const MIN_LENGTH = 8;
/** In shorter ones two errors make another word: SMTP_URL is not SITE_URL. */
const MIN_LENGTH_FOR_TWO = 10;

/** A sentence for each variable that is no setting and looks like one with a typing error or two. */
export function misspeltSettings(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly string[],
): string[] {
  const long = settings.filter((name) => name.length >= MIN_LENGTH);
  const longer = long.filter((name) => name.length >= MIN_LENGTH_FOR_TWO);
  const sentences: string[] = [];
  for (const [name, value = ''] of Object.entries(env)) {
    if (settings.includes(name) || OF_A_SERVICE.test(name) || ADDRESS_OF_A_SERVICE.test(value)) continue;
    const meant =
      long.find((setting) => isWithin(1, name, setting)) ??
      longer.find((setting) => isWithin(2, name, setting));
    if (meant !== undefined) sentences.push(`${name} is not a setting; did you mean ${meant}?`);
    else if (PREFIXES.some((prefix) => name.startsWith(prefix)))
      sentences.push(`${name} is not a setting: docs/configuration.md has all of them`);
  }
  return sentences;
}

/**
 * Whether so many errors make one text of the other: a letter that is missing, one too many, another one, or two that have changed
 * places (the distance of Damerau and Levenshtein).
 */
function isWithin(errors: number, one: string, other: string): boolean {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const [a, b] = [one.slice(same), other.slice(same)];
  if (a === b) return true;
  if (errors === 0) return false;
  const left = errors - 1;
  return (
    isWithin(left, a.slice(1), b) ||
    isWithin(left, a, b.slice(1)) ||
    isWithin(left, a.slice(1), b.slice(1)) ||
    (a[0] === b[1] && a[1] === b[0] && isWithin(left, a.slice(2), b.slice(2)))
  );
}
