// Says how far "usually here at" is off: posts a year of the series of bangumi-data as sites post, and compares each guess with what came.
//   npx tsx scripts/measure-usual-delay.ts [--seed 1]
import { parseArgs } from 'node:util';
import { items } from 'bangumi-data';
import { delaysOf, median, usualDelay } from '../src/features/schedule/usual-delay';
import { broadcastsUntil } from '../src/features/series/broadcast';
import { parseBroadcastRule } from '../src/features/series/broadcast-rule';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const MINUTE = 60_000;
const YEAR = { begins: new Date('2025-10-01T00:00:00Z'), ends: new Date('2026-10-01T00:00:00Z') };

/** mulberry32: the same seed posts the same year. */
let state = Number(values.seed);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}
/** Of a normal distribution. */
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** How a series is posted: minutes after its broadcast. A tenth of all comes late, as with an admin who sleeps. */
const HABITS: readonly { readonly name: string; readonly post: (base: number) => number }[] = [
  { name: 'by a script', post: (base) => base + 1.5 * normal() },
  { name: 'by hand, soon', post: (base) => base + 6 * normal() },
  { name: 'by hand, in the evening', post: (base) => base + 45 * normal() },
  { name: 'whenever', post: () => 24 * 60 * random() },
];

type Figures = { series: number; shown: number; guesses: number; errors: number[] };
const figures = new Map<string, Figures>(
  HABITS.map(({ name }) => [name, { series: 0, shown: 0, guesses: 0, errors: [] }]),
);

for (const item of items) {
  const rule = item.broadcast ? parseBroadcastRule(item.broadcast) : undefined;
  if (!rule || rule.every === 0) continue;
  const extent = item.end ? { endsAt: new Date(item.end) } : { knownUntil: YEAR.ends };
  const all = broadcastsUntil(rule, extent, { now: YEAR.ends, limit: 20_000 });
  const broadcasts = all.filter((time) => time >= YEAR.begins);
  const habit = HABITS[Math.floor(random() * HABITS.length)];
  if (broadcasts.length < 6 || !habit) continue;
  const base = 20 + 160 * random();
  const postings: Date[] = [];
  const figure = figures.get(habit.name);
  if (!figure) continue;
  figure.series++;
  let wasShown = false;
  for (const [index, broadcast] of broadcasts.entries()) {
    // A week in twenty has no episode.
    if (random() < 0.05) continue;
    const late = random() < 0.1 ? 300 * random() : 0;
    const minutes = Math.max(0, habit.post(base)) + late;
    const posted = new Date(broadcast.getTime() + minutes * MINUTE);
    const usual = usualDelay(delaysOf(broadcasts.slice(0, index), postings));
    if (usual) {
      wasShown = true;
      figure.guesses++;
      figure.errors.push(Math.abs(posted.getTime() - broadcast.getTime() - usual.medianMs) / MINUTE);
    }
    postings.push(posted);
  }
  if (wasShown) figure.shown++;
}

const within = (errors: readonly number[], minutes: number): string =>
  errors.length === 0
    ? '–'
    : `${Math.round((100 * errors.filter((each) => each <= minutes).length) / errors.length)} %`;
for (const [name, { series, shown, guesses, errors }] of [
  ...figures,
  [
    'all',
    [...figures.values()].reduce((sum, each) => ({
      series: sum.series + each.series,
      shown: sum.shown + each.shown,
      guesses: sum.guesses + each.guesses,
      errors: [...sum.errors, ...each.errors],
    })),
  ],
] as const) {
  const middle = errors.length > 0 ? median(errors).toFixed(1) : '–';
  console.log(
    `${name}: ${series} series, shown for ${shown}; ${guesses} guesses, median error ${middle} min, within 10 min ${within(errors, 10)}, within 30 min ${within(errors, 30)}`,
  );
}
