import { posterSvg, stillSvg } from '../../../src/features/artwork/artwork';
import { artworkKey } from '../../../src/features/artwork/public';

const titles = Array.from({ length: 500 }, (_, index) => `架空のアニメ 第${index + 1}期`);
const pictures = titles.flatMap((title, index) => {
  const key = artworkKey(title);
  return [posterSvg(key), stillSvg(key, `regular-${index / 2}`)];
});

/** The tags that are open at the end, or the first one that closes out of turn. */
function unbalancedTags(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, closing, name = '', selfClosing] of xml.matchAll(/<(\/?)([a-zA-Z]+)[^<>]*?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (selfClosing !== '/') {
      open.push(name);
    }
  }
  return open;
}

function coloursOf(picture: string): ReadonlySet<string> {
  return new Set(picture.match(/#[0-9a-f]{6}/g));
}

test('an artwork key is 12 hex digits for any title', () => {
  for (const title of ['Frieren', '葬送のフリーレン', '🌸🗡️', '', '\ud800', 'x'.repeat(5000)]) {
    expect(artworkKey(title)).toMatch(/^[0-9a-f]{12}$/);
  }
});

test('the keys stay what they are, because URLs carry them', () => {
  expect(artworkKey('葬送のフリーレン')).toBe('8d5d0a335561');
});

test('the same key gives the same bytes', () => {
  const key = artworkKey('Dr.STONE');
  expect(posterSvg(key)).toBe(posterSvg(key));
  expect(stillSvg(key, 'regular-12.5')).toBe(stillSvg(key, 'regular-12.5'));
});

test('different titles have different posters', () => {
  const posters = titles.map((title) => posterSvg(artworkKey(title)));
  expect(new Set(posters).size).toBe(titles.length);
});

test('a series has another still for each episode, and none is its poster', () => {
  const key = artworkKey('ドロヘドロ');
  const stills = Array.from({ length: 24 }, (_, index) => stillSvg(key, `regular-${index + 1}`));
  expect(new Set([posterSvg(key), ...stills]).size).toBe(25);
});

test('stills of one series share palette colours', () => {
  for (const title of titles.slice(0, 100)) {
    const key = artworkKey(title);
    const [first, second] = [coloursOf(stillSvg(key, 'regular-1')), coloursOf(stillSvg(key, 'regular-2'))];
    const shared = [...first].filter((colour) => second.has(colour));
    expect(shared.length).toBeGreaterThanOrEqual(2);
  }
});

test('a picture has the shape that its place on the page has', () => {
  const key = artworkKey('黄泉のツガイ');
  expect(posterSvg(key)).toContain('width="400" height="600" viewBox="0 0 400 600"');
  expect(stillSvg(key, 'special-1')).toContain('width="640" height="360" viewBox="0 0 640 360"');
});

test('a picture is well-formed XML', () => {
  for (const picture of pictures) {
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^<]*>.*<\/svg>$/s);
    expect(unbalancedTags(picture)).toEqual([]);
    expect(picture).not.toMatch(/&|<[a-zA-Z]+ [^<>]*[a-z]="[^"]*"[a-z]/);
  }
});

test('every reference in a picture leads to an id of that picture, and no id is given twice', () => {
  for (const picture of pictures) {
    const ids = [...picture.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of picture.matchAll(/(?:url\(|href=")#([^")]+)/g)) expect(ids).toContain(id);
  }
});

test('a picture has no text, no script and no broken numbers', () => {
  for (const picture of pictures) {
    expect(picture).not.toMatch(/<text|<script|NaN|undefined|Infinity|null|--|\d\.\d\d|[ "]-?\d+e[-+]?\d/);
  }
});

test('a picture stays small: 4 KB as a rule, never more than 8 KB', () => {
  const sizes = pictures.map((picture) => Buffer.byteLength(picture)).sort((left, right) => left - right);
  expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(4096);
  expect(sizes.at(-1)).toBeLessThan(8192);
});

test('any text works as a key, for a URL may carry anything', () => {
  for (const key of ['', '../..', '<svg>', '葬']) {
    expect(posterSvg(key)).not.toContain('<svg>');
    expect(stillSvg(key, '"><script>')).not.toContain('script');
  }
});
