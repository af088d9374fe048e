import { mix } from '../palettes';
import type { Random } from '../random';
import { atDepth, DISC_STYLES, disc, type Scene, sky, stars } from '../scene';
import { fade, lerp, type Point, svg, times } from '../svg';

type Weather = 'cumulus' | 'rain' | 'snow' | 'clear';

/** The outline of a towering cloud: bumps that climb to the middle and come down again. */
function cumulus(take: Random, x: number, base: number, half: number, rise: number): string {
  const steps = 9;
  let outline = svg`M${x - half} ${base}`;
  let last: Point = [x - half, base];
  for (let step = 1; step <= steps; step += 1) {
    const share = step / steps;
    const swell = step === steps ? 0 : Math.sin(share * Math.PI) * rise * take.between(0.75, 1.05);
    const next: Point = [lerp(x - half, x + half, share), base - swell];
    const radius = Math.hypot(next[0] - last[0], next[1] - last[1]) * take.between(0.52, 0.62);
    outline += svg`A${radius} ${radius} 0 0 1 ${next[0]} ${next[1]}`;
    last = next;
  }
  return `<path fill="url(#c)" d="${outline}z"/>`;
}

/** Drawn once for all poles; the hanging box is the transformer. */
const POLE =
  '<defs><g id="p"><path stroke-width="5" d="M0 0V420"/><path stroke-width="3.2" d="M-34 10H34M-26 26H26M9 44V68"/><path stroke-width="2.6" d="M-30 10V3M-14 10V3M14 10V3M30 10V3"/><path stroke-width="13" d="M10 46V66"/></g></defs>';

interface Pole {
  readonly x: number;
  readonly top: number;
  readonly size: number;
}

function spans(from: Pole, to: Pole): string {
  return [-30, -14, 14, 30]
    .map((offset) => {
      const [x1, y1] = [from.x + from.size * offset, from.top + from.size * 3];
      const [x2, y2] = [to.x + to.size * offset, to.top + to.size * 3];
      const sag = Math.abs(x2 - x1) * 0.14;
      return svg`M${x1} ${y1}Q${(x1 + x2) / 2} ${(y1 + y2) / 2 + sag * 2} ${x2} ${y2}`;
    })
    .join('');
}

/** A row of poles that walks off to a vanishing point; the first stands behind the viewer. */
function line(scene: Scene, horizon: number): string {
  const { width, unit, take, light } = scene;
  const fromLeft = take.chance(0.5);
  const flip = (x: number): number => (fromLeft ? x : width - x);
  const [first, vanishing] = [width * take.between(0.12, 0.34), width * take.between(0.75, 1.02)];
  const rise = unit * take.between(230, 310);
  const poles = [0.5, 1, 1.8, 3, 4.8].map(
    (distance): Pole => ({
      x: flip(lerp(vanishing, first, 1 / distance)),
      top: horizon - rise / distance,
      // As rounded as it will be written, or the wires would miss their insulators.
      size: Math.max(0.2, Math.round((rise / 20) * (1 / distance)) / 10),
    }),
  );
  const posts = poles
    .map(({ x, top, size }) => svg`<use href="#p" transform="translate(${x} ${top})scale(${size})"/>`)
    .join('');
  const wires = poles
    .flatMap((from, index) => {
      const to = poles[index + 1];
      return to === undefined ? [] : [spans(from, to)];
    })
    .join('');
  return svg`${POLE}<g fill="none" stroke="${light.ground}">${posts}<path stroke-width="${unit * 1.3}" d="${wires}"/></g>`;
}

/** A street of gabled and hipped roofs, some with a lit window. */
function houses(scene: Scene, horizon: number, nearness: number): string {
  const { width, height, unit, take, palette, light } = scene;
  const size = unit * lerp(0.8, 1.5, nearness);
  const sized = (low: number, high: number): number => Math.round(size * take.between(low, high));
  const eaves = Math.round(size * 4);
  let [walls, lit] = ['', ''];
  for (let x = -sized(0, 40); x < width; ) {
    const across = sized(34, 62);
    const eave = Math.round(horizon) + sized(-5, 9);
    const rise = sized(12, 22);
    const slope = Math.round(across * take.pick([0.5, 0.5, 0.28]));
    walls += svg`M${x} ${eave}h-${eaves}l${slope + eaves}-${rise}h${Math.max(0, across - slope * 2)}l${slope + eaves} ${rise}h-${eaves}v${sized(24, 30)}H${x}z`;
    if (take.chance(0.5)) lit += svg`M${x + sized(8, 18)} ${eave + sized(8, 10)}h${size * 9}`;
    x += across + sized(0, 16);
  }
  const ground = svg`M0 ${horizon + size * 20}h${width}V${height}H0z`;
  const shine = mix(light.hour === 'day' ? palette.pale : light.glint, light.body, 0.25);
  return svg`<path fill="${atDepth(scene, nearness)}" d="${ground}${walls}"/><path stroke="${shine}" stroke-width="${size * 6}" stroke-dasharray="${size * 4} ${size}" d="${lit}"/>`;
}

/** Slanted lines broken by uneven dashes: many drops, few bytes. */
function rain({ width, height, unit, take, palette }: Scene): string {
  const slant = height * 0.22;
  const count = Math.round(width / (unit * 13));
  const drops = times(count, (index) => {
    const x = ((index + take.next()) / count) * (width + slant);
    return svg`M${Math.round(x)} -${take.whole(0, 200)}l-${slant * 1.4} ${height * 1.4}`;
  });
  const dash = [26, 74, 40, 118, 18, 96].map((length) => svg`${length * unit}`).join(' ');
  return svg`<path stroke="${palette.pale}" stroke-width="${unit * 1.4}" stroke-dasharray="${dash}" opacity=".42" d="${drops}"/>`;
}

function snow({ width, height, unit, take, palette }: Scene): string {
  const flakes = (count: number): string =>
    times(count, () => svg`M${Math.round(take.next() * width)} ${Math.round(take.next() * height)}h.1`);
  return svg`<g stroke="${palette.pale}" stroke-linecap="round"><path stroke-width="${unit * 3}" opacity=".7" d="${flakes(46)}"/><path stroke-width="${unit * 6}" opacity=".85" d="${flakes(16)}"/></g>`;
}

function clouds(scene: Scene, horizon: number, tall: boolean): string {
  const { width, unit, take, palette, light } = scene;
  const x = width * take.between(0.2, 0.8);
  const rise = unit * (tall ? 230 : 80);
  const shaded = { day: 0, dusk: 0.35, night: 0.65 }[light.hour];
  return [
    fade('c', [
      [mix(palette.pale, light.sky[2], shaded), 0],
      [light.sky[2], 100, '.35'],
    ]),
    cumulus(take, x, horizon + unit * 20, unit * take.between(170, 230), rise),
    cumulus(take, width - x, horizon + unit * 30, unit * take.between(110, 150), rise * 0.5),
  ].join('');
}

/** A suburb under wires, in the weather that the series is about. */
export function wires(scene: Scene): string {
  const { width, height, unit, series, take } = scene;
  const weather = series.pick<Weather>(['cumulus', 'rain', 'cumulus', 'snow', 'clear']);
  const style = series.pick(DISC_STYLES);

  const horizon = height * take.between(0.74, 0.84);
  const radius = unit * take.between(38, 70);
  const at: Point = [width * take.between(0.3, 0.8), height * take.between(0.2, 0.5)];
  return [
    sky(scene, horizon),
    weather === 'rain' ? '' : stars(scene, horizon * 0.8),
    disc(scene, at, radius, style),
    weather === 'cumulus' || weather === 'clear' ? clouds(scene, horizon, weather === 'cumulus') : '',
    houses(scene, horizon, 0.4),
    houses(scene, horizon + unit * 34, 0.7),
    line(scene, horizon + unit * 30),
    houses(scene, horizon + unit * 78, 1),
    weather === 'rain' ? rain(scene) : weather === 'snow' ? snow(scene) : '',
  ].join('');
}
