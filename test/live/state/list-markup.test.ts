import { tagOf } from '../../../src/live/state/digest';
import { parseItemMarkup, parseListMarkup } from '../../../src/live/state/list-markup';
import { renderList } from '../../support/render-list';

const things = [
  { key: '1', position: '10-1', text: 'One &amp; &lt;only&gt;' },
  { key: '2', position: '20-2', text: 'Two' },
];

test('a list is read from its page, and its items are as the feature rendered them', () => {
  const page = `<ul><li>Menu</li></ul>${renderList([], { cursor: 'e.7', topic: 'other' })}${renderList(things, { cursor: 'e.7' })}<ol><li data-key="9" data-rev="1" data-tag="x" data-position="1">Footer</li></ol>`;
  const { rules, items } = parseListMarkup(page, 'latest');
  expect(rules).toEqual({
    topic: 'latest',
    cursor: 'e.7',
    order: 'descending',
    window: 24,
    size: 24,
    where: new Map(),
    after: '',
    before: '',
    isFirst: true,
    hasMore: false,
  });
  expect(items.map(({ key, rev, position }) => [key, rev, position])).toEqual([
    ['2', 7, '20-2'],
    ['1', 7, '10-1'],
  ]);
  for (const { html, tag } of items) expect(tagOf(html)).toBe(tag);
  expect(parseListMarkup(page, 'other').items).toEqual([]);
});

test('what a page adds to an item is no part of it', () => {
  const html = '<li class="thing"><img src="/a.svg" loading="lazy"></li>';
  const item = html
    .replace('<li', '<li data-page-drop="2" data-key="5" data-rev="7" data-tag="t" data-position="5-5"')
    .replace('"lazy"', '"eager" fetchpriority="high"');
  const list = renderList([], { cursor: 'e.7' }).replace(
    'data-live-items>',
    `$&${item}<li id="drop">2 more</li>`,
  );
  expect(parseListMarkup(list, 'latest').items.map((each) => each.html)).toEqual([html]);
});

test('filters, bounds and what else a list says are read, an empty filter as none', () => {
  const attributes = ' data-where-season="2026-fall" data-after="1-1" data-before="9-9"';
  const html = renderList(things, { cursor: 'e.7', size: 1, order: 'ascending', attributes });
  const { rules } = parseListMarkup(html, 'latest');
  expect(rules).toMatchObject({ order: 'ascending', size: 1, after: '1-1', before: '9-9', hasMore: true });
  expect([...rules.where]).toEqual([['season', '2026-fall']]);
});

test('items may hold lists of their own', () => {
  const html = '<li data-x><ol><li>a</li><li>b</li></ol></li>';
  expect(parseItemMarkup(` ${html}\n`).html).toBe(html);
  const item = html.replace('<li', '<li data-key="1" data-rev="2" data-tag="t" data-position="3"');
  const list = renderList(things, { cursor: 'e.7' }).replace('<ol role="list" data-live-items>', `$&${item}`);
  const { items } = parseListMarkup(list, 'latest');
  expect(items.map(({ key }) => key)).toEqual(['1', '2', '1']);
  expect(items[0]?.html).toBe(html);
});

test.each([
  ['a page to log in to a network with', '<!doctype html><h1>Welcome to the train</h1>'],
  ['a list of something else', renderList(things, { cursor: 'e.7', topic: 'other' })],
  [
    'a list that does not say when it was true',
    '<div data-live-list data-topic="latest" data-cursor=""></div>',
  ],
])('%s is no list', (_name, html) => {
  expect(() => parseListMarkup(html, 'latest')).toThrow('The answer holds no list of latest.');
});

test.each(['', 'text', '<p>a</p>', '<li>a', '<li>a</li>b', '<li>a</li><li>b</li>', '<link>'])(
  '"%s" is no item',
  (html) => {
    expect(() => parseItemMarkup(html)).toThrow('no item');
  },
);

test('what anybody may send is read in time that grows with its length', () => {
  for (const piece of ['<', '<li ', 'a="', '<li>', ' data-live-list', '&amp', '</ol>']) {
    const startedMs = performance.now();
    const text = piece.repeat(200_000 / piece.length);
    expect(() => parseListMarkup(text, 'latest')).toThrow();
    expect(() => parseItemMarkup(text)).toThrow();
    expect(() => parseItemMarkup(`<li>${text}`)).toThrow();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  }
});
