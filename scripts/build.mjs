// Builds dist/ (server and commands) and public/assets/ (what the browser loads).
//   node scripts/build.mjs [--quiet] [--watch]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

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

/** @type {import('esbuild').BuildOptions} */
const server = {
  entryPoints: ['src/server.ts', ...entries('src/commands', '.ts')],
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

/** @type {import('esbuild').BuildOptions} */
const browser = {
  // The other sheets are imported by these two.
  entryPoints: [...entries('src/browser', '.ts'), 'public/css/site.css', 'public/css/admin.css'],
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
  loader: { '.woff2': 'file', '.svg': 'file' },
  external: ['/icons/*'],
  logLevel: 'warning',
};

/** Maps each source name to the address of its built file; the views look assets up in it. */
function writeManifest(metafile) {
  const manifest = {};
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint && /^(src\/browser|public\/css)\//.test(entryPoint)) {
      manifest[basename(entryPoint).replace(/\.ts$/, '.js')] = `/assets/${basename(output)}`;
    }
    const font = /inter-latin-wght-normal-[^/]*\.woff2$/.exec(output);
    if (font) manifest['inter.woff2'] = `/assets/${basename(output)}`;
  }
  writeFileSync('public/assets/manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Compressed once here, so that no request pays for it (express-static-gzip serves these). */
function precompress() {
  for (const name of readdirSync('public/assets')) {
    if (!/\.(js|css)$/.test(name)) continue;
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
  for (const file of ['scripts/build.mjs', 'package-lock.json']) hash.update(readFileSync(file));
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
  const [, { metafile }] = await Promise.all([esbuild.build(server), esbuild.build(browser)]);
  writeManifest(metafile);
  precompress();
  writeFileSync(stamp, digest);
  if (!quiet) console.log(`Built dist/ and public/assets/ in ${Math.round(performance.now() - started)} ms.`);
}

async function buildAndWatch() {
  rmSync('public/assets', { recursive: true, force: true });
  rmSync('dist/.built-from', { force: true });
  mkdirSync('public/assets', { recursive: true });
  const manifest = {
    name: 'manifest',
    setup(build) {
      build.onEnd(({ metafile }) => metafile && writeManifest(metafile));
    },
  };
  const contexts = await Promise.all([
    esbuild.context(server),
    esbuild.context({ ...browser, plugins: [manifest] }),
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
