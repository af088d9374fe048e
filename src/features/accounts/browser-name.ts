/** In this order: most browsers call themselves by the names of others, too. */
const BROWSERS: readonly (readonly [mark: string, name: string])[] = [
  ['Edg/', 'Edge'],
  ['EdgA/', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['curl/', 'curl'],
];
const SYSTEMS: readonly (readonly [mark: string, name: string])[] = [
  ['Windows', 'Windows'],
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['CrOS', 'ChromeOS'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
];
const MAX_OTHER_LENGTH = 60;

/** Says in a few words which browser a User-Agent means, such as `Firefox on Linux`, to tell one's devices apart; not to decide by. */
export function browserName(userAgent: string): string {
  const named = (names: typeof BROWSERS): string | undefined =>
    names.find(([mark]) => userAgent.includes(mark))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  if (!browser) return userAgent.slice(0, MAX_OTHER_LENGTH) || 'Unknown browser';
  return system ? `${browser} on ${system}` : browser;
}
