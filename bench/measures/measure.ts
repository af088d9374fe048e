import type { Workplace } from '../machine/workplace';
import { type BenchOptions, clientsOf, type Measure, serversOf } from '../options';
import { Progress } from '../progress';
import { openLineup } from '../servers/lineup';
import type { SiteSurroundings } from '../servers/site-surroundings';
import { deployedLoads, fanOutLoads, measureFanOuts, quickDeployedLoads, quickLoads } from './fanout/fanout';
import { measureHerd } from './herd';
import { measureIdle } from './idle';
import { measureLatency } from './latency';
import { measureSoak } from './soak';
import { measureStorm } from './storm';
import { measureVarnish } from './varnish';

/** What is sent to the servers, and what in a quick run. */
const LOADS = {
  fanout: [fanOutLoads, quickLoads],
  connect: [() => [], () => []],
  deployed: [deployedLoads, quickDeployedLoads],
} as const;

/** Carries out one measure; gives what is written down as its result. */
export async function measure(
  name: Measure,
  workplace: Workplace,
  site: SiteSurroundings,
  options: BenchOptions,
): Promise<unknown> {
  const progress = new Progress(name);
  const plan = { ...options, clients: clientsOf(name, options) };
  switch (name) {
    case 'fanout':
    case 'connect':
    case 'deployed': {
      const lineup = await openLineup(workplace, site, serversOf(name, options));
      const [usual, quick] = LOADS[name];
      const loads = options.isQuick ? quick : usual;
      return measureFanOuts(
        workplace,
        lineup,
        { ...plan, loads, warmUpSeconds: options.isQuick ? 1 : 10 },
        progress,
      );
    }
    case 'storm':
      return measureStorm(workplace, site, plan, progress);
    case 'herd':
      return measureHerd(workplace, site, plan, progress);
    case 'latency':
      return measureLatency(workplace, site, plan, progress);
    case 'varnish':
      return measureVarnish(workplace, site, plan, progress);
    case 'idle':
      return measureIdle(workplace, site, plan, progress);
    case 'soak':
      return measureSoak(workplace, site, plan, progress);
  }
}
