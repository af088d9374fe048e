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

type Tints = readonly [string, ...string[]];

function placed(symbol: string, [x, y]: Point, turn: number, size: number): string {
  return svg`<use href="#${symbol}" transform="translate(${Math.round(x)} ${Math.round(y)})rotate(${turn})scale(${size})"/>`;
}

/** Three blossoms or leaves in three tints: turned and scaled, a handful of these make a full branch. */
function sprig({ take }: Scene, growth: Growth, tints: Tints): string {
  const [symbol, reach] = growth === 'blossom' ? ['f', 13] : ['p', 9];
  const parts = [0, 1, 2].map((index) => {
    const at = around([0, 0], reach, index / 3 + take.between(-0.08, 0.08));
    const size = growth === 'blossom' ? take.between(0.65, 1) : take.between(1, 1.5);
    return `<g fill="${tints[index] ?? tints[0]}">${placed(symbol, at, take.whole(0, 359), size)}</g>`;
  });
  return `<g id="k">${parts.join('')}</g>`;
}

function clusters({ take, unit }: Scene, nodes: readonly Point[]): string {
  return nodes
    .map(([x, y]) => {
      const at: Point = [x + unit * take.between(-9, 9), y + unit * take.between(-9, 9)];
      return placed('k', at, take.whole(0, 359), unit * take.between(0.6, 1.2));
    })
    .join('');
}

function falling({ take, width, height, unit }: Scene, tints: Tints): string {
  return tints
    .map((tint) => {
      const petals = times(4, () => {
        const near = take.next();
        const at: Point = [take.next() * width, height * take.between(0.25, 0.98)];
        return placed('p', at, take.whole(0, 359), unit * (0.4 + near * near * 1.1));
      });
      return `<g fill="${tint}">${petals}</g>`;
    })
    .join('');
}

function symbols(scene: Scene, growth: Growth, tints: Tints): string {
  const leaf = `<path id="p" d="${LEAVES[growth]}"/>`;
  const petals = times(5, (index) => `<use href="#p" transform="rotate(${index * 72})"/>`);
  const heart = mix(scene.palette.accent, scene.palette.mid, 0.3);
  const flower = growth === 'blossom' ? `<g id="f">${petals}<circle r="3" fill="${heart}"/></g>` : '';
  return `<defs>${leaf}${flower}${sprig(scene, growth, tints)}</defs>`;
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
  const tints: Tints = [bloom, mix(bloom, palette.glow, 0.5), mix(bloom, palette.pale, 0.35)];
  const at: Point = [width * (0.5 + side * take.between(0, 0.2)), height * take.between(0.34, 0.5)];
  return [
    sky(scene),
    stars(scene, height * 0.7),
    disc(scene, at, unit * take.between(95, 140), style === 'crescent' ? 'halo' : style),
    hill(scene, height * 0.84, 0.35),
    hill(scene, height * 0.93, 0.6),
    symbols(scene, growth, tints),
    svg`<path fill="${light.ground}" stroke="${light.ground}" stroke-linejoin="round" stroke-width="2" d="${bough.path}${twigs.map(({ path }) => path).join('')}"/>`,
    clusters(scene, tips),
    falling(scene, tints),
  ].join('');
}
