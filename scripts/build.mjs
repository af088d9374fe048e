// Builds dist/ (server and commands) and public/assets/ (what the browser loads).
//   node scripts/build.mjs [--quiet] [--watch]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundledPackages, licencesText } from './licences.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const quiet = process.argv.includes('--quiet');
const watch = process.argv.includes('--watch');

let esbuild;
try {
  esbuild = await import('esbuild');
} catch {
  // An image ships dist/ without the development dependencies: nothing to build there.
  if (existsSync('dist/server.js')) process.exit(0);
  console.error('esbuild is not installed and dist/ is missing: run `npm ci --include=dev` first.');
  process.exit(1);
}

const entries = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(ending) && !name.endsWith('.d.ts'))
        .map((name) => join(folder, name))
    : [];

/** All that `unicode-range` of public/css/fonts.css lets the font be asked for. */
const FONT_TEXT = [
  ...[
    [0x20, 0x7e],
    [0xa0, 0xff],
    [0x2000, 0x206f],
  ].flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
  ...[0x131, 0x152, 0x153, 0x2bb, 0x2bc, 0x2c6, 0x2da, 0x2dc, 0x304, 0x308, 0x329],
  ...[0x20ac, 0x2122, 0x2191, 0x2193, 0x2212, 0x2215, 0xfeff, 0xfffd],
]
  .map((point) => String.fromCodePoint(point))
  .join('');

/** What a feature brings for its own page: `src/features/schedule/browser/schedule.ts`, and `.css`. */
const featureEntries = readdirSync('src/features').flatMap((feature) =>
  ['ts', 'css']
    .map((ending) => `src/features/${feature}/browser/${feature}.${ending}`)
    .filter((path) => existsSync(path)),
);

/** @type {import('esbuild').BuildOptions} */
const server = {
  entryPoints: [
    'src/server.ts',
    ...entries('src/commands', '.ts'),
    // A thread, and a process, of their own.
    'src/features/accounts/password-worker.ts',
    'src/features/images/image-worker.ts',
    'src/process/watchdog-thread.ts',
  ],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
};

/** The font with the letters, the weights and the features that the sheets use, and no others: it is half of the bytes that every first visit waits for. */
const smallFont = {
  name: 'small-font',
  setup(build) {
    build.onLoad({ filter: /inter-latin-wght-normal\.woff2$/ }, async ({ path }) => {
      const { default: subsetFont } = await import('subset-font');
      const contents = await subsetFont(readFileSync(path), FONT_TEXT, {
        targetFormat: 'woff2',
        // Those of public/css/tokens.css and fonts.css.
        variationAxes: { wght: { min: 400, max: 740 } },
        keepFeatures: ['kern', 'tnum', 'mark', 'mkmk', 'ccmp', 'locl'],
      });
      return { contents, loader: 'file' };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const browser = {
  // The other sheets of public/css are imported by these two.
  entryPoints: [
    ...entries('src/browser', '.ts'),
    'public/css/site.css',
    'public/css/admin.css',
    ...featureEntries,
  ],
  outdir: 'public/assets',
  entryNames: watch ? '[name]' : '[name]-[hash]',
  assetNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  metafile: true,
  loader: { '.svg': 'file' },
  plugins: [smallFont],
  external: ['/icons/*'],
  logLevel: 'warning',
};

/** Run while a page is being read, so that what they add moves nothing of it. A script of that kind can't import chunks. */
const early = {
  ...browser,
  entryPoints: entries('src/browser/early', '.ts'),
  splitting: false,
  format: 'iife',
};

/** Maps each source name to the address of its built file; the views look assets up in it. */
function writeManifest(...metafiles) {
  const manifest = { 'licences.txt': writeLicences(...metafiles) };
  for (const [output, { entryPoint }] of metafiles.flatMap(({ outputs }) => Object.entries(outputs))) {
    if (entryPoint && /^(src\/browser|public\/css|src\/features)\//.test(entryPoint)) {
      manifest[basename(entryPoint).replace(/\.ts$/, '.js')] = `/assets/${basename(output)}`;
    }
    const font = /inter-latin-wght-normal-[^/]*\.woff2$/.exec(output);
    if (font) manifest['inter.woff2'] = `/assets/${basename(output)}`;
  }
  writeFileSync('public/assets/manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Says what of others is in what browsers load: its licences for whoever loads it, its names for `scripts/sbom.mjs`. */
function writeLicences(...metafiles) {
  const packages = bundledPackages(metafiles);
  const text = licencesText(packages);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  writeFileSync(`public/assets/licences-${hash}.txt`, text);
  writeFileSync(
    'dist/bundled.json',
    JSON.stringify(packages.map(({ name, version }) => `${name}@${version}`)),
  );
  return `/assets/licences-${hash}.txt`;
}

/** Compressed once here, so that no request pays for it (express-static-gzip serves these). */
function precompress() {
  for (const name of readdirSync('public/assets')) {
    if (!/\.(js|css|txt)$/.test(name)) continue;
    const body = readFileSync(join('public/assets', name));
    writeFileSync(join('public/assets', `${name}.gz`), gzipSync(body, { level: 9 }));
    writeFileSync(
      join('public/assets', `${name}.br`),
      brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    );
  }
}

/** Names and contents of everything that goes into a build: the same sources need no second one. */
function sourcesDigest() {
  const hash = createHash('sha1');
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else hash.update(path).update('\0').update(readFileSync(path));
    }
  };
  for (const folder of ['src', 'migrations', 'public/css']) visit(folder);
  for (const file of ['scripts/build.mjs', 'scripts/licences.mjs', 'package-lock.json'])
    hash.update(readFileSync(file));
  return hash.digest('hex');
}

async function buildOnce() {
  const digest = sourcesDigest();
  const stamp = 'dist/.built-from';
  if (
    existsSync(stamp) &&
    existsSync('public/assets/manifest.json') &&
    readFileSync(stamp, 'utf8') === digest
  ) {
    return;
  }
  const started = performance.now();
  rmSync('dist', { recursive: true, force: true });
  rmSync('public/assets', { recursive: true, force: true });
  mkdirSync('public/assets', { recursive: true });
  const [, { metafile }, { metafile: earlyMetafile }] = await Promise.all([
    esbuild.build(server),
    esbuild.build(browser),
    esbuild.build(early),
  ]);
  writeManifest(metafile, earlyMetafile);
  precompress();
  writeFileSync(stamp, digest);
  if (!quiet) console.log(`Built dist/ and public/assets/ in ${Math.round(performance.now() - started)} ms.`);
}

async function buildAndWatch() {
  rmSync('public/assets', { recursive: true, force: true });
  rmSync('dist/.built-from', { force: true });
  mkdirSync('public/assets', { recursive: true });
  const metafiles = new Map();
  const manifest = {
    name: 'manifest',
    setup(build) {
      build.onEnd(({ metafile }) => {
        if (metafile) metafiles.set(build.initialOptions.format, metafile);
        writeManifest(...metafiles.values());
      });
    },
  };
  const contexts = await Promise.all([
    esbuild.context(server),
    esbuild.context({ ...browser, plugins: [smallFont, manifest] }),
    esbuild.context({ ...early, plugins: [manifest] }),
  ]);
  for (const context of contexts) {
    await context.rebuild();
    await context.watch();
  }
  const site = spawn(process.execPath, ['--watch', '--enable-source-maps', 'dist/server.js'], {
    stdio: 'inherit',
    env: { ...process.env, NIPNIME_RELOAD_VIEWS: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => site.kill(signal));
  site.once('exit', (code) => process.exit(code ?? 0));
}

await (watch ? buildAndWatch() : buildOnce());
