import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/platform/project';

/** What a sheet may say instead of a step of a scale: what goes along with the text, hairlines, and nothing. */
const BESIDE_SPACES = /^(-?\d*\.?\d+em|-?[0-3]px|0|auto|inherit)$/;
const BESIDE_SIZES = /^(\d*\.?\d+em|inherit)$/;
const BESIDE_WEIGHTS = /^inherit$/;

/** Sheets by path, without comments, and without the faces of fonts. */
const sheets = new Map(
  ['public/css', 'src/features']
    .flatMap((folder) =>
      readdirSync(join(projectRoot(), folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((path) => path.endsWith('.css') && !/(tokens|fonts)\.css$/.test(path))
    .map((path) => [path, readFileSync(join(projectRoot(), path), 'utf8').replace(/\/\*.*?\*\//gs, '')]),
);

/** `[path, property, value]` of all declarations of these properties. */
function declarations(property: RegExp): readonly (readonly [string, string, string])[] {
  return [...sheets].flatMap(([path, css]) =>
    [...css.matchAll(/(?<=[{;\s])([a-z-]+):\s*([^;{}]+);/g)]
      .filter(([, name = '']) => property.test(name))
      .map(([, name = '', value = '']) => [path, name, value] as const),
  );
}

/** The lengths of a value that are no step of the scale. */
function besides(value: string, scale: string, allowed: RegExp): string[] {
  return value
    .replaceAll(new RegExp(String.raw`var\(--(${scale})[a-z0-9-]*\)`, 'g'), ' ')
    .replace(/env\([^)]*\)|calc|clamp|max|min|[()*/,+]|(?<=\s)-(?=\s)/g, ' ')
    .split(/\s+/)
    .filter((part) => part !== '' && !allowed.test(part) && !/^-?\d*\.?\d+(vw|vh|vb|%)?$/.test(part));
}

test.each([
  ['text has one scale', /^font-size$/, 'text', BESIDE_SIZES],
  ['weights have one scale', /^font-weight$/, 'weight', BESIDE_WEIGHTS],
  [
    'space has one scale',
    /^(padding|margin|gap|row-gap|column-gap)(-[a-z-]+)?$/,
    'space|gutter|link-padding|page-width|text|leading',
    BESIDE_SPACES,
  ],
])('%s', (_name, property, scale, allowed) => {
  const found = declarations(property);
  expect(found.length).toBeGreaterThan(20);
  expect(found.filter(([, , value]) => besides(value, scale, allowed).length > 0)).toEqual([]);
});

test('colours are named in the tokens alone', () => {
  const literal = /#[0-9a-f]{3,8}\b|\b(rgb|hsl|hwb|lab|lch|oklab|oklch)\(|:\s*(black|white)\b/i;
  expect([...sheets].filter(([, css]) => literal.test(css)).map(([path]) => path)).toEqual([]);
});
