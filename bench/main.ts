import { runCommand } from '../src/commands/support/run-command';
import { Cleanup } from './machine/cleanup';
import { openWorkplace } from './machine/workplace';
import { measure } from './measures/measure';
import { MEASURES, readOptions } from './options';
import { writeReport } from './report/report';
import { resultsFolder, writeResult } from './results';
import { DEPLOYED_SERVERS, FAN_OUT_SERVERS } from './servers/server-under-test';
import { openSurroundings } from './servers/site-surroundings';

/** The connections are measured with the fan-out, and not everybody has a Varnish. */
const ALL = MEASURES.filter((measure) => measure !== 'connect' && measure !== 'varnish');

const HELP = `Measures the built site against other servers on this machine. Linux only; all on 127.0.0.1.

  npm run bench -- TASK [options]

  fanout     CPU of the server for each event to each client, for sizes, rates and numbers of clients
  connect    CPU and memory of a connection
  deployed   CPU of an event and memory of a client behind nginx, as deploy/ has it and as it could be; plain and over TLS
  storm      all clients connect at once while somebody reads pages
  herd       requests a second for the latest page and its grid
  latency    from commit to the last client, and the stages in between
  varnish    viewers behind a cache: what still reaches the site at 5 changes a second, and how late the last viewer is
  idle       bytes an hour of a stream on which nothing happens, against a poll of the page
  soak       memory and descriptors over a long time with clients that come and go
  all        all of these but varnish, then report
  report     writes docs/performance.md from bench/results/

  --quick            Small numbers: shows that everything works. Results go to bench/.build/quick/.
  --clients N,N,…    Numbers of clients (fanout, connect: 1000,10000,19500; deployed: 4000; else 10000).
  --rounds N         Each server is measured so many times, in turns (3).
  --servers A,B,…    Only these of fanout and connect: ${FAN_OUT_SERVERS.join(', ')};
                     of deployed: ${DEPLOYED_SERVERS.join(', ')}.
  --minutes N        Length of the soak (30).
  --help             Prints this.

Needed: a C compiler and redis-server (Debian: apt-get install gcc libc6-dev redis-server). Compared when installed: nginx
with nchan (apt-get install nginx libnginx-mod-nchan). All of deployed needs libnginx-mod-stream, libssl-dev and openssl as
well, and root for the kernel's memory. Varnish for its measure (apt-get install varnish).
The site's core is the first; everything else is on the second.
Interrupting ends whatever was started.
`;

runCommand(HELP, async (args) => {
  const options = readOptions(args);
  const folder = resultsFolder(options.isQuick);
  if (options.task === 'report') return writeReport(folder, options.isQuick);
  const cleanup = new Cleanup();
  // Not once: a terminal signals the whole group, and npm hands the signal on to its child as well.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (cleanup.hasBegun) return;
      process.stderr.write('Interrupted: ending what was started …\n');
      void cleanup.run().finally(() => process.exit(130));
    });
  }
  try {
    const workplace = await openWorkplace(cleanup, process.env.PATH);
    const site = await openSurroundings(workplace);
    const command = ['npm run bench --', ...args].join(' ');
    for (const name of options.task === 'all' ? ALL : [options.task]) {
      const measuredAt = new Date().toISOString();
      const found = await measure(name, workplace, site, options);
      const file = writeResult(folder, name, { command, measuredAt, machine: workplace.machine, found });
      process.stderr.write(`Written: ${file}\n`);
    }
    if (options.task === 'all') writeReport(folder, options.isQuick);
  } catch (error) {
    // What follows from an interruption is no failure; it ends the process when all is cleaned up.
    if (cleanup.hasBegun) await new Promise(() => undefined);
    throw error;
  } finally {
    await cleanup.run();
  }
});
