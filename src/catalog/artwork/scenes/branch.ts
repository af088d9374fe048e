import { mix } from '../palettes';
import { atDepth, DISC_STYLES, disc, type Scene, sky, stars } from '../scene';
import { around, curve, type Point, polyline, svg, times } from '../svg';

type Growth = 'blossom' | 'maple' | 'ginkgo';

/** Each about 20 units across, hung at its origin. */
const LEAVES: Readonly<Record<Growth, string>> = {
  blossom: 'M0 0C8-3 9-12 3-17L0-14L-3-17C-9-12-8-3 0 0',
  maple:
    'M0 0l1-5l7 2l-2-4l8-4l-4-2l3-6l-6 1l-3 3l1-9l-3 2l-2-5l-2 5l-3-2l1 9l-3-3l-6-1l3 6l-4 2l8 4l-2 4l7-2z',
  ginkgo: 'M0 4Q1-4 11-11Q7-18 1-16L0-12L-1-16Q-7-18-11-11Q-1-4 0 4',
};

interface Limb {
  readonly path: string;
  readonly nodes: readonly Point[];
}

/** A tapering limb that wanders from `start`; `heading` in turns. */
function limb(scene: Scene, start: Point, heading: number, steps: number, thickness: number): Limb {
  const { take, unit } = scene;
  const nodes: Point[] = [];
  const [above, below]: [Point[], Point[]] = [[], []];
  let [at, angle] = [start, heading];
  for (let step = 0; step <= steps; step += 1) {
    const half = (thickness * (1 - step / (steps + 0.6))) / 2;
    above.push(around(at, half, angle - 0.25));
    below.unshift(around(at, half, angle + 0.25));
    nodes.push(at);
    angle += take.between(-0.06, 0.06) + (heading - angle) * 0.3;
    at = around(at, unit * take.between(24, 40), angle);
  }
  return { path: `M${polyline(above)}L${polyline(below)}z`, nodes };
}

function clusters(
  scene: Scene,
  growth: Growth,
  nodes: readonly Point[],
  tints: readonly [string, ...string[]],
): string {
  const { take, unit } = scene;
  const symbol = growth === 'blossom' ? 'f' : 'p';
  return nodes
    .flatMap(([x, y]) =>
      Array.from({ length: take.whole(1, 3) }, () => {
        const reach = unit * 15;
        const size = unit * (growth === 'blossom' ? take.between(0.6, 1.1) : take.between(0.9, 1.6));
        return svg`<use href="#${symbol}" fill="${take.pick(tints)}" transform="translate(${Math.round(x + take.between(-reach, reach))} ${Math.round(y + take.between(-reach, reach))}) rotate(${take.whole(0, 359)}) scale(${size})"/>`;
      }),
    )
    .join('');
}

function falling(scene: Scene, count: number, tints: readonly [string, ...string[]]): string {
  const { take, width, height, unit } = scene;
  return times(count, () => {
    const near = take.next();
    return svg`<use href="#p" fill="${take.pick(tints)}" transform="translate(${Math.round(take.next() * width)} ${Math.round(height * take.between(0.25, 0.98))}) rotate(${take.whole(0, 359)}) scale(${unit * (0.4 + near * near * 1.1)})"/>`;
  });
}

function symbols(growth: Growth, heart: string): string {
  const leaf = `<path id="p" d="${LEAVES[growth]}"/>`;
  if (growth !== 'blossom') return `<defs>${leaf}</defs>`;
  const petals = times(5, (index) => `<use href="#p" transform="rotate(${index * 72})"/>`);
  return `<defs>${leaf}<g id="f">${petals}<circle r="3" fill="${heart}"/></g></defs>`;
}

function hill(scene: Scene, base: number, nearness: number): string {
  const { width, height, unit, take } = scene;
  const points = Array.from(
    { length: 7 },
    (_, index): Point => [(index / 5.5) * width - 20, base + unit * take.between(-22, 22)],
  );
  return svg`<path fill="${atDepth(scene, nearness)}" d="M${curve(points)}V${height}H-20z"/>`;
}

/** A branch across a large moon, and what falls from it. */
export function branch(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const growth = series.pick<Growth>(['blossom', 'maple', 'ginkgo', 'blossom']);
  const style = series.pick(DISC_STYLES);

  const fromLeft = take.chance(0.5);
  const side = fromLeft ? 1 : -1;
  const turn = (angle: number): number => (fromLeft ? angle : 0.5 - angle);
  const start: Point = [fromLeft ? -12 : width + 12, height * take.between(0.12, 0.4)];
  const bough = limb(scene, start, turn(take.between(-0.05, 0.07)), width > height ? 12 : 9, unit * 20);
  const twigs = bough.nodes
    .slice(2, -1)
    .filter((_, index) => index % 2 === 0)
    .map((node, index) => limb(scene, node, turn(index % 2 === 0 ? -0.1 : 0.12), take.whole(2, 4), unit * 6));
  const tips = [...bough.nodes.slice(3), ...twigs.flatMap(({ nodes }) => nodes.slice(1))];
  const bloom = growth === 'blossom' ? mix(palette.pale, palette.glow, 0.4) : palette.accent;
  const tints: readonly [string, ...string[]] = [
    bloom,
    mix(bloom, palette.glow, 0.5),
    mix(bloom, palette.pale, 0.35),
  ];
  const at: Point = [width * (0.5 + side * take.between(0, 0.2)), height * take.between(0.34, 0.5)];
  return [
    sky(scene),
    stars(scene, height * 0.7),
    disc(scene, at, unit * take.between(95, 140), style === 'crescent' ? 'halo' : style),
    hill(scene, height * 0.84, 0.35),
    hill(scene, height * 0.93, 0.6),
    symbols(growth, mix(palette.accent, palette.mid, 0.3)),
    svg`<path fill="${light.ground}" stroke="${light.ground}" stroke-linejoin="round" stroke-width="2" d="${bough.path}${twigs.map(({ path }) => path).join('')}"/>`,
    clusters(scene, growth, tips, tints),
    falling(scene, 13, tints),
  ].join('');
}
