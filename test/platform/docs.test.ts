import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../../src/platform/project';

const ROOT = projectRoot();
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const guides = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
/** Each match of the pattern's first group, with the file that it is in. */
const inGuides = (pattern: RegExp): [string, string][] =>
  guides.flatMap((file) =>
    [...read(file).matchAll(pattern)].map(([, found = '']): [string, string] => [file, found]),
  );
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(join('src', name)))
  .join('\n');

/** As GitHub makes them of headings: small letters, digits and hyphens. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link of a guide leads to a file, and to a heading in it', () => {
  const broken = inGuides(/\]\((?!https?:|mailto:)([^)\s]+)\)/g).filter(([file, link]) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('every command of a guide is there', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = inGuides(/npm run (?:--silent )?([a-z][a-z:-]*[a-z])/g);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(([, name]) => !(name in scripts))).toEqual([]);
  const started = inGuides(/dist\/commands\/([a-z-]+)\.js/g);
  expect(started.filter(([, name]) => !existsSync(join(ROOT, 'src/commands', `${name}.ts`)))).toEqual([]);
});

test('every file of the project that a guide names is there', () => {
  const named = inGuides(/`((?:src|deploy|docs|test|scripts|bench|migrations|views)\/[\w./-]+\.[a-z]+)`/g);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(([, path]) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every figure that a guide names is told', () => {
  // Roles of the database are named alike.
  const named = inGuides(/\b(nipnime_[a-z_]+[a-z])/g).filter(
    ([, name]) => !/^nipnime_(?:owner|app)$/.test(name),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(([, name]) => !sources.includes(`'${name}'`))).toEqual([]);
});
