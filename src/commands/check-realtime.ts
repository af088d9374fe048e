import { parseArgs } from 'node:util';
import { positiveNumber, readSiteUrl } from './stream/arguments';
import { proxyLines, resultLine } from './stream/checks/check-result';
import { checkRealtime } from './stream/checks/run-checks';
import { runCommand, UsageError } from './support/run-command';

const HELP = `Checks whether the live updates of a deployed site work, from where its visitors are.

  npm run check:realtime -- URL [options]

  URL                 Where the site is: https://anime.example
  --token TOKEN       Of npm run token:create: posts an episode, looks for it on the stream, and deletes it. Its series,
                      "nipnime check", stays for the next time.
  --timeout SECONDS   How long anything but a heartbeat is waited for (10).
  --no-heartbeat      Does not wait for a heartbeat (15 s), nor until the stream is 35 s old.
  --help              Prints this.

Each line passes (✓), could not be told (–), or says what is wrong and what to mend (✗); what a proxy does wrong is followed by the
line to look at in the configuration of nginx, Caddy, HAProxy and Traefik. The status is 0 when nothing is wrong, else 1.
`;

runCommand(HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      token: { type: 'string' },
      timeout: { type: 'string' },
      'no-heartbeat': { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 1) throw new UsageError(`One URL, not ${positionals.length}.`);
  const options = {
    url: readSiteUrl('URL', positionals[0]),
    timeoutMs: (positiveNumber('--timeout', values.timeout) ?? 10) * 1_000,
    heartbeat: !values['no-heartbeat'],
    ...(values.token !== undefined && { token: values.token }),
  };
  let failures = 0;
  for await (const result of checkRealtime(options)) {
    for (const line of [resultLine(result), ...proxyLines(result)]) process.stdout.write(`${line}\n`);
    if (result.outcome === 'failed') failures++;
  }
  process.stdout.write(failures === 0 ? '\nLive updates work.\n' : `\n${failures} to mend.\n`);
  if (failures > 0) process.exitCode = 1;
});
