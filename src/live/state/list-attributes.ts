import type { ListItem, ListRules } from './list-rules';

/** Attributes of an element, by name. */
export type Attributes = ReadonlyMap<string, string>;

const WHERE = 'data-where-';

/** What the element of a list says of it; undefined when it lacks what every list says. */
export function readRules(attributes: Attributes): ListRules | undefined {
  const text = (name: string): string => attributes.get(`data-${name}`) ?? '';
  const [topic, cursor, size] = [text('topic'), text('cursor'), Number(text('size'))];
  if (topic === '' || cursor === '') return undefined;
  const where = [...attributes].filter(([name, value]) => name.startsWith(WHERE) && value !== '');
  return {
    topic,
    cursor,
    order: text('order') === 'ascending' ? 'ascending' : 'descending',
    window: Number(text('window')),
    size: size > 0 ? size : Number.POSITIVE_INFINITY,
    where: new Map(where.map(([name, value]) => [name.slice(WHERE.length), value])),
    after: text('after'),
    before: text('before'),
    isFirst: attributes.has('data-first'),
    hasMore: attributes.has('data-more'),
  };
}

/** What the element of an item says; undefined when it is none. */
export function readItem(attributes: Attributes): ListItem | undefined {
  const [key, rev, tag, position] = ['key', 'rev', 'tag', 'position'].map((name) =>
    attributes.get(`data-${name}`),
  );
  if (!key || !rev || !tag || !position) return undefined;
  return { key, rev: Number(rev), tag, position };
}

/** The attributes that the engine adds to an item's own. */
export function writeItem({ key, rev, tag, position }: ListItem): readonly (readonly [string, string])[] {
  return [
    ['data-key', key],
    ['data-rev', String(rev)],
    ['data-tag', tag],
    ['data-position', position],
  ];
}
