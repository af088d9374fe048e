import { mix } from '../palettes';
import { atDepth, DISC_STYLES, disc, glitter, type Scene, sky, stars } from '../scene';
import { circle, lerp, type Point, svg, times } from '../svg';

interface Building {
  readonly left: number;
  readonly width: number;
  readonly top: number;
}

function row(scene: Scene, base: number, low: number, high: number): readonly Building[] {
  const buildings: Building[] = [];
  let left = -scene.unit * scene.take.between(0, 30);
  while (left < scene.width) {
    const width = scene.unit * scene.take.between(26, 62);
    const rise = scene.take.next();
    const top = base - scene.unit * lerp(low, high, rise * rise);
    buildings.push({ left, width, top });
    left += width + scene.unit * scene.take.pick([0, 0, 2, 9]);
  }
  return buildings;
}

function roof(scene: Scene, { width }: Building): string {
  const { unit, take } = scene;
  const step = unit * take.between(6, 14);
  const [flat, half] = [svg`h${width}`, width / 2];
  return take.pick([
    flat,
    flat,
    svg`h${half * 0.4}v-${step}h${half * 1.2}v${step}h${half * 0.4}`,
    svg`l${width} ${step}v-${step}`,
    svg`h${half - unit}v-${step * 2}h${unit * 2}v${step * 2}h${half - unit}`,
    svg`v-${step}h${half}v${step}h${half}`,
  ]);
}

function blocks(scene: Scene, buildings: readonly Building[], colour: string): string {
  const walls = buildings
    .map(
      (building) =>
        svg`M${building.left} ${scene.height}V${building.top}${roof(scene, building)}V${scene.height}z`,
    )
    .join('');
  return `<path fill="${colour}" d="${walls}"/>`;
}

/** Columns of dashes: a whole street of windows in a few hundred bytes. */
function windows(scene: Scene, buildings: readonly Building[], colour: string, share: number): string {
  const { unit, take, height } = scene;
  const columns = buildings.flatMap(({ left, width, top }) => {
    const count = Math.floor((width - unit * 6) / (unit * 8));
    const first = left + (width - (count - 1) * unit * 8) / 2;
    return Array.from({ length: count }, (_, index) => {
      if (!take.chance(share)) return '';
      const start = top + unit * (10 + 11 * take.whole(0, 4));
      const end = Math.min(height, start + unit * 11 * take.whole(2, 12));
      return start >= height ? '' : svg`M${first + index * unit * 8} ${start}V${end}`;
    });
  });
  const dash = [5, 6, 5, 17, 5, 6, 5, 6, 5, 28].map((length) => svg`${length * unit}`).join(' ');
  return svg`<path stroke="${colour}" stroke-width="${unit * 3.6}" stroke-dasharray="${dash}" d="${columns.join('')}"/>`;
}

function tower({ unit, light }: Scene, x: number, base: number, colour: string): string {
  const top = base - unit * 250;
  const legs = svg`M${x - unit * 40} ${base}Q${x - unit * 8} ${base - unit * 110} ${x - unit * 2} ${top}h${unit * 4}Q${x + unit * 8} ${base - unit * 110} ${x + unit * 40} ${base}h-${unit * 14}Q${x} ${base - unit * 110} ${x - unit * 26} ${base}z`;
  const decks = svg`M${x - unit * 15} ${base - unit * 112}h${unit * 30}v${unit * 9}h-${unit * 30}zM${x - unit * 8} ${base - unit * 180}h${unit * 16}v${unit * 6}h-${unit * 16}zM${x - unit} ${top}h${unit * 2}v-${unit * 40}h-${unit * 2}z`;
  return svg`<path fill="${colour}" d="${legs}${decks}"/>${circle([x, top - unit * 40], unit * 3, `fill="${light.glint}"`)}`;
}

function wheel({ unit, light }: Scene, x: number, base: number, colour: string): string {
  const hub: Point = [x, base - unit * 120];
  const spokes = times(
    8,
    (index) =>
      svg`<path d="M${hub[0]} ${hub[1] - unit * 82}v${unit * 164}" transform="rotate(${index * 22.5} ${hub[0]} ${hub[1]})"/>`,
  );
  const rim = 2 * Math.PI * 82 * unit;
  return svg`<g stroke="${colour}" fill="none" stroke-width="${unit * 2}">${spokes}${circle(hub, unit * 82, `stroke-width="5"`)}<path stroke-width="${unit * 6}" d="M${x - unit * 45} ${base}L${x} ${hub[1]}L${x + unit * 45} ${base}"/></g>${circle(hub, unit * 82, svg`fill="none" stroke="${light.glint}" stroke-width="${unit * 6}" stroke-linecap="round" stroke-dasharray=".1 ${rim / 16 - 0.1}"`)}`;
}

function river(scene: Scene, shore: number): string {
  const { width, height, unit, take, light, palette } = scene;
  const streaks = times(16, () => {
    const y = shore + (height - shore) * take.between(0.08, 0.75);
    return svg`M${take.next() * width} ${y}v${unit * take.between(8, 30)}`;
  });
  return svg`<path fill="${mix(light.body, light.ground, 0.45)}" d="M0 ${shore}h${width}V${height}H0z"/><path stroke="${light.hour === 'day' ? palette.pale : light.glint}" stroke-width="${unit * 3}" stroke-linecap="round" opacity=".35" d="${streaks}"/>`;
}

/** A city at night, or on its way there. */
export function skyline(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const landmark = series.pick(['tower', 'wheel', 'none', 'none']);
  const style = series.pick(DISC_STYLES);
  const wet = series.chance(0.4);

  const shore = height * (wet ? take.between(0.8, 0.86) : 1.02);
  const radius = unit * take.between(45, 90);
  const at: Point = [width * take.between(0.2, 0.8), height * take.between(0.2, 0.42)];
  const x = width - at[0] + unit * take.between(-30, 30);
  const [far, middle, near] = [
    row(scene, shore, 90, 260),
    row(scene, shore, 50, 190),
    row(scene, shore, 20, 120),
  ];
  const mark = landmark === 'tower' ? tower : landmark === 'wheel' ? wheel : undefined;
  return [
    sky(scene),
    stars(scene, height * 0.6),
    disc(scene, at, radius, style),
    blocks(scene, far, atDepth(scene, 0.22)),
    mark?.(scene, x, shore, atDepth(scene, 0.5)) ?? '',
    blocks(scene, middle, atDepth(scene, 0.6)),
    windows(scene, middle, mix(light.hour === 'day' ? palette.pale : light.glint, light.body, 0.35), 0.4),
    blocks(scene, near, atDepth(scene, 0.95)),
    windows(scene, near, mix(palette.pale, light.glint, 0.5), 0.5),
    wet ? river(scene, shore) + glitter(scene, at, shore, radius * 0.7) : '',
  ].join('');
}
