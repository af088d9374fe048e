import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { OPERATION_KINDS } from './flood/plan';
import { createProgress } from './flood/progress';
import { type FloodOptions, type FloodResult, runFlood } from './flood/run-flood';
import { positiveNumber, readSiteUrl, wholeNumber } from './stream/arguments';
import { runCommand, UsageError } from './support/run-command';

const HELP = `Posts, edits, hides and deletes episodes by the JSON API, at a steady rate.

  npm run flood -- --url http://localhost:3000 --token TOKEN [options]

  --url URL         Where the site is.
  --token TOKEN     Of npm run token:create; or on standard input, where other users of the machine can't read it.
  --rate N          Changes a second (10).
  --changes N       Ends after so many changes (500).
  --seconds N       Ends after so many seconds instead.
  --seed N          The same seed makes the same changes; without it one is drawn, and printed.
  --series ID       Posts into this series; without it, one named "Flood <seed>" is created.
  --marker TEXT     Stands in every text of what is not public, and in none of what is: whoever finds it in a
                    public answer has found a leak. Letters, digits and . _ - only.
  --help            Prints this.

While the site is away each change is tried again, for a minute. Interrupting ends the flood in an orderly way. The
status is 1 when a change was refused.
`;

runCommand(HELP, async (args) => {
  const options = await readOptions(args);
  const interruption = new AbortController();
  // Not once: a terminal signals the whole group, and npm hands the signal on to its child as well.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
  process.stderr.write(`Seed ${options.seed}: the same changes again with --seed ${options.seed}.\n`);
  const progress = createProgress(process.stderr);
  const result = await runFlood({
    ...options,
    signal: interruption.signal,
    onProgress: progress.update,
  }).finally(progress.stop);
  process.stdout.write(describe(result));
  if (result.errors.length > 0) process.exitCode = 1;
});

async function readOptions(args: string[]): Promise<FloodOptions> {
  const value = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      url: value,
      token: value,
      rate: value,
      changes: value,
      seconds: value,
      seed: value,
      series: value,
      marker: value,
    },
  });
  const { series, marker } = values;
  const rate = positiveNumber('--rate', values.rate);
  const changes = wholeNumber('--changes', values.changes, 1);
  const seconds = positiveNumber('--seconds', values.seconds);
  if (values.changes !== undefined && values.seconds !== undefined)
    throw new UsageError('Either --changes or --seconds, not both.');
  if (series !== undefined && !/^[1-9][0-9]{0,17}$/.test(series))
    throw new UsageError('--series: Must be the id of a series: a whole number.');
  if (marker !== undefined && !/^[A-Za-z0-9._-]{1,40}$/.test(marker))
    throw new UsageError('--marker: Must have 1 to 40 letters, digits and . _ - only.');
  return {
    url: readSiteUrl('--url', values.url),
    seed: wholeNumber('--seed', values.seed, 0) ?? Math.floor(Math.random() * 1_000_000),
    ...(rate !== undefined && { rate }),
    ...(changes !== undefined && { changes }),
    ...(seconds !== undefined && { seconds }),
    ...(series !== undefined && { seriesId: series }),
    ...(marker !== undefined && { marker }),
    // Last: standard input is read only when the rest is right.
    token: values.token ?? (await tokenOfInput()),
  };
}

async function tokenOfInput(): Promise<string> {
  const token = process.stdin.isTTY ? '' : (await text(process.stdin)).trim();
  if (!token) throw new UsageError('--token TOKEN is required, or the token on standard input.');
  return token;
}

function describe(result: FloodResult): string {
  const { counts, errors, retries, skipped, series, done, durationMs, rate } = result;
  const tries = Object.entries(retries).map(([reason, times]) => `${times} × ${reason}`);
  const kinds = OPERATION_KINDS.map((kind) => `${kind} ${counts[kind]}`);
  return [
    `${series.title} (id ${series.id}): ${done} changes in ${(durationMs / 1_000).toFixed(1)} s, ${rate.toFixed(1)} a second.`,
    `  ${kinds.join(', ')}`,
    `  tried again: ${tries.join(', ') || 'nothing'}`,
    `  refused: ${errors.length}${skipped > 0 ? `, and ${skipped} left out because their episode was` : ''}`,
    ...errors.slice(0, 10).map(({ kind, message }) => `    ${kind}: ${message}`),
    '',
  ].join('\n');
}
