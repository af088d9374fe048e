import { comparePositions } from './position';

/** An item as a list has it. */
export type ListItem = {
  readonly key: string;
  /** Number of the change that made it what it is; in a page that of the page's cursor. */
  readonly rev: number;
  readonly tag: string;
  readonly position: string;
};

/** What a list says of itself; a reading may bring another. */
export type ListRules = {
  readonly topic: string;
  /** The point at which its items were true. */
  readonly cursor: string;
  readonly order: 'ascending' | 'descending';
  /** How many items its digest speaks of. */
  readonly window: number;
  /** Items of a full page. */
  readonly size: number;
  /** By name, which words an item's data has to have one of; what is empty filters nothing. */
  readonly where: ReadonlyMap<string, string>;
  /** Only positions above the one and below the other belong here; empty for no bound. */
  readonly after: string;
  readonly before: string;
  /** It shows the beginning of all that there is. */
  readonly isFirst: boolean;
  /** There are further items behind the last one. */
  readonly hasMore: boolean;
};

/** Whether the one position comes before the other in the list's order. */
export function isAhead({ order }: ListRules, position: string, other: string): boolean {
  const difference = comparePositions(position, other);
  return order === 'ascending' ? difference < 0 : difference > 0;
}

/** Whether filter and bounds let an item in. @param dataOf what the item says about itself, by name */
export function admits(
  { where, after, before }: ListRules,
  position: string,
  dataOf: (name: string) => string | undefined,
): boolean {
  for (const [name, value] of where) if (!haveWordInCommon(dataOf(name) ?? '', value)) return false;
  if (after !== '' && comparePositions(position, after) <= 0) return false;
  return before === '' || comparePositions(position, before) < 0;
}

function haveWordInCommon(text: string, other: string): boolean {
  const words = text.split(' ');
  return other.split(' ').some((word) => words.includes(word));
}

/** Whether nothing is shown out of order, twice, or beyond the page. */
export function isSound(rules: ListRules, items: readonly ListItem[]): boolean {
  if (rules.hasMore && items.length > rules.size) return false;
  return items.every(({ position }, index) => {
    const next = items[index + 1];
    return !next || isAhead(rules, position, next.position);
  });
}
