import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { parseSync } from '@swc/core';
import fc from 'fast-check';
import { projectRoot } from '../../src/platform/project';

/** A text of that length, or a little more. */
type Attack = (length: number) => string;

type Pattern = { readonly file: string; readonly source: string; readonly flags: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** All that is in a tree of syntax, or of other objects. */
function* nodesOf(tree: unknown): Generator<Record<string, unknown>> {
  if (!isRecord(tree)) return;
  yield tree;
  for (const child of Object.values(tree)) yield* nodesOf(child);
}

/** The regular expressions of a source file, and how many it puts together from texts. */
function patternsOf(file: string, code: string): { readonly literals: Pattern[]; readonly composed: number } {
  const nodes = [...nodesOf(parseSync(code, { syntax: 'typescript', target: 'es2022' }))];
  return {
    literals: nodes
      .filter(({ type }) => type === 'RegExpLiteral')
      .map(({ pattern, flags }) => ({ file, source: String(pattern), flags: String(flags) })),
    composed: nodes.filter(
      ({ type, callee }) =>
        (type === 'NewExpression' || type === 'CallExpression') &&
        isRecord(callee) &&
        callee.value === 'RegExp',
    ).length,
  };
}

const folder = join(projectRoot(), 'src');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const sources = files.map((file) => patternsOf(file, readFileSync(join(folder, file), 'utf8')));

const LENGTH = 4_000;
const FACTOR = 8;
/** What grows with the length takes 8 times as long, what grows with its square 64 times. */
const MAX_RATIO = 24;
/** What takes less for 32,000 characters is linear on any machine, and is looked at no longer. */
const LOOK_MS = 3;
/** What is looked at is measured on texts so many times as long: what grows with the square then takes longer than the noise on a fast machine, too. */
const LENGTHENED = 4;
const NOISE_MS = 15;

/** Texts that lead into each part of the pattern and stay there for long: a beginning, a part over and over, a bad end. */
function attacks({ source, flags }: Pattern): Attack[] {
  const samples = fc.sample(matching(source, flags), { seed: 20261123, numRuns: 12 });
  const parts = new Set<string>();
  const found: Attack[] = [];
  for (const sample of [...samples, ...literalsOf(source)]) {
    const text = sample.slice(0, 40);
    for (let at = 0; at <= text.length; at++) {
      const beginning = text.slice(0, at);
      const pumps = [' ', '\t', ...[1, 2, 3].map((size) => text.slice(at, at + size)), beginning];
      for (const pump of pumps) {
        if (pump === '' || parts.has(`${beginning} ${pump}`)) continue;
        parts.add(`${beginning} ${pump}`);
        for (const start of [beginning, ''])
          found.push((length) => `${start}${pump.repeat(Math.ceil(length / pump.length))}\u0000\n`);
      }
    }
  }
  return found;
}

/** What the pattern matches; for one that fast-check can't read, nothing. */
function matching(source: string, flags: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(source.replaceAll('\\b', ''), flags.replace(/[gi]/g, '')));
  } catch {
    return fc.constant('');
  }
}

/** The words that stand in the pattern, which a text must hold to get far. */
function literalsOf(source: string): readonly string[] {
  return [source.replace(/\\(.)/g, '$1'), ...source.split(/[()|[\]?*+\\^$]/)].filter((word) => word !== '');
}

/**
 * Finds an attack that takes too long, by the fastest of some runs: a machine that is busy makes anything slow once. In a
 * context, since only there an expression that never ends can be ended.
 */
const search = new Script(`
  const ms = (text) => {
    const beganMs = now();
    text.replace(expression, '');
    return now() - beganMs;
  };
  const fastest = (text) => Math.min(ms(text), ms(text), ms(text));
  attacks.find((attack) => {
    if (ms(attack(length * factor)) < lookMs) return false;
    const longMs = fastest(attack(length * factor * lengthened));
    return longMs >= noiseMs && longMs > maxRatio * fastest(attack(length * lengthened));
  });
`);
const PATIENCE_MS = 12_000;

/** Of this process, not of the clock: on a busy machine even the fastest of three short runs is one that had to wait. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The beginning of a text on which the pattern takes more than a time that grows with its length. */
function slowText(pattern: Pattern): string | undefined {
  const scope = {
    attacks: attacks(pattern),
    expression: new RegExp(pattern.source, pattern.flags),
    length: LENGTH,
    factor: FACTOR,
    maxRatio: MAX_RATIO,
    lookMs: LOOK_MS,
    lengthened: LENGTHENED,
    noiseMs: NOISE_MS,
    now: cpuMs,
  };
  try {
    const slow: Attack | undefined = search.runInNewContext(scope, { timeout: PATIENCE_MS });
    return slow?.(60);
  } catch (error) {
    return `one on which it does not end: ${error}`;
  }
}

test('every regular expression of the source takes a time that grows no faster than the text', () => {
  const patterns = sources.flatMap(({ literals }) => literals);
  expect(patterns.length).toBeGreaterThan(40);
  const slow = patterns.flatMap((pattern) => {
    const text = slowText(pattern);
    return text === undefined ? [] : [{ ...pattern, text }];
  });
  expect(slow).toEqual([]);
}, 120_000);

test('no regular expression is put together from texts, where nobody can look at it', () => {
  expect(files.filter((_, index) => (sources[index]?.composed ?? 0) > 0)).toEqual([]);
});

test.each([
  /-+$/,
  /(?:^|,)[ \t]*gzip[ \t]*(?:;[ \t]*q=(?:1(?:\.0*)?|0\.\d*[1-9]\d*)[ \t]*)?(?:,|$)/i,
  /<article\b[\s\S]*?<\/article>/g,
  /^(a|aa)*$/,
])(
  'a slow one is found: %p',
  ({ source, flags }) => {
    expect(slowText({ file: '', source, flags })).toBeDefined();
  },
  60_000,
);
