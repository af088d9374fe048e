import { play } from './scenario';

/** `--seeds N` runs of it, from `--from S` on; `--seed S` tells one in full; `--until-fault` ends with the first that fails. */
async function main(): Promise<void> {
  const options = new Map<string, string>();
  for (const [index, name] of process.argv.entries()) {
    if (name.startsWith('--')) options.set(name, process.argv[index + 1] ?? '');
  }
  const only = options.get('--seed');
  const first = Number(only ?? options.get('--from') ?? 1);
  const count = only === undefined ? Number(options.get('--seeds') ?? 2_000) : 1;
  const startedMs = performance.now();
  let failed = 0;
  let done = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { faults, story } = await play(seed);
    done++;
    if (only !== undefined) process.stdout.write(`${story.join('\n')}\n`);
    if (faults.length === 0) continue;
    failed++;
    process.stdout.write(`seed ${seed}:\n${faults.map((fault) => `  ${fault}\n`).join('')}`);
    if (options.has('--until-fault')) break;
  }
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  process.stdout.write(`${done} seeds in ${seconds} s, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
