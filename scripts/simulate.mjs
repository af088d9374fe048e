// Plays runs of the live engine under chance: npm run simulate -- --seeds 2000
//   --seeds N     how many runs, each with a seed of its own (2000)
//   --from S      the first seed (1)
//   --seed S      one run, told in full
//   --plant FILE  with a bug planted: a patch of test/simulation/planted/; ends with the first seed that finds it
//   --processes P over so many processes (one for each core)
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { applyPatch, parsePatch } from 'diff';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PLANTED = join(root, 'test/simulation/planted');

const value = { type: 'string' };
const { values } = parseArgs({
  options: {
    seeds: value,
    from: value,
    seed: value,
    plant: value,
    processes: value,
    help: { type: 'boolean' },
  },
});
if (values.help) {
  const [, ...lines] = readFileSync(fileURLToPath(import.meta.url), 'utf8')
    .split(/^import/m)[0]
    .split('// ');
  process.stdout.write(lines.join(''));
  process.exit(0);
}
const wholeNumber = (name, fallback) => {
  const text = values[name] ?? String(fallback);
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  process.stderr.write(`--${name} must be a whole number, at least 1.\n`);
  process.exit(2);
};

/** Changes the sources as the patch says, on their way into the bundle. */
function planting(file) {
  const patches = new Map(
    parsePatch(readFileSync(file, 'utf8')).map((patch) => [
      join(root, patch.newFileName.replace(/^b\//, '')),
      patch,
    ]),
  );
  return {
    name: 'planting',
    setup({ onLoad, onEnd }) {
      const planted = new Set();
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const patch = patches.get(path);
        if (!patch) return undefined;
        const contents = applyPatch(readFileSync(path, 'utf8'), patch);
        if (contents === false) throw new Error(`${basename(file)} does not fit ${path} any more.`);
        planted.add(path);
        return { contents, loader: 'ts' };
      });
      onEnd(() => {
        const missing = [...patches.keys()].filter((path) => !planted.has(path));
        if (missing.length > 0)
          throw new Error(`${basename(file)} patches what is not run: ${missing.join(', ')}`);
      });
    },
  };
}

function findPlant(name) {
  const file = readdirSync(PLANTED).find((each) => each === basename(name) || each === `${name}.patch`);
  if (file) return join(PLANTED, file);
  process.stderr.write(`There is no ${name} in test/simulation/planted.\n`);
  process.exit(2);
}

const folder = mkdtempSync(join(resolve(root, 'node_modules'), '.simulate-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const outfile = join(folder, 'simulate.cjs');
const plant = values.plant === undefined ? undefined : findPlant(values.plant);
await build({
  entryPoints: [join(root, 'test/simulation/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: plant ? [planting(plant)] : [],
});

const first = wholeNumber('from', 1);
const count = values.seed === undefined ? wholeNumber('seeds', 2_000) : 1;
// What is planted is found by one of the first mostly.
const processes = Math.min(
  plant || count === 1 ? 1 : wholeNumber('processes', availableParallelism()),
  count,
);

function play(index) {
  const share = Math.ceil(count / processes);
  const from = first + index * share;
  const seeds = Math.min(share, first + count - from);
  const run = values.seed === undefined ? ['--from', from, '--seeds', seeds] : ['--seed', values.seed];
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', outfile, ...run.map(String), ...(plant ? ['--until-fault'] : [])],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  process.once('exit', () => child.kill());
  return new Promise((resolveCode) => child.once('exit', (code) => resolveCode(code ?? 1)));
}

const codes = await Promise.all(Array.from({ length: processes }, (_, index) => play(index)));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
