import { mix } from '../palettes';
import type { Random } from '../random';
import { atDepth, birds, DISC_STYLES, disc, glitter, type Scene, sky, stars } from '../scene';
import { curve, fade, lerp, type Point, polyline, svg, times } from '../svg';

type Range = 'jagged' | 'rolling' | 'lone';

/** Midpoint displacement: 33 heights from -1 to 1. */
function jaggedProfile(take: Random): readonly number[] {
  let heights: number[] = [take.between(-0.6, 0.6), take.between(-1, 1), take.between(-0.6, 0.6)];
  for (let reach = 0.75; heights.length < 33; reach *= 0.52) {
    heights = heights.flatMap((height, index) => {
      const next = heights[index + 1];
      if (next === undefined) return [height];
      return [height, (height + next) / 2 + take.between(-reach, reach)];
    });
  }
  return heights;
}

function rollingProfile(take: Random): readonly number[] {
  const [phase, second] = [take.next() * 7, take.next() * 7];
  const pace = take.between(3, 6);
  return Array.from(
    { length: 17 },
    (_, index) =>
      Math.sin((index / 16) * pace + phase) * 0.7 + Math.sin((index / 16) * pace * 2.3 + second) * 0.35,
  );
}

function ridge(scene: Scene, range: Range, nearness: number, base: number): string {
  const { width, height, unit, take } = scene;
  const profile = range === 'jagged' ? jaggedProfile(take) : rollingProfile(take);
  const reach = unit * (range === 'jagged' ? lerp(70, 45, nearness) : lerp(38, 30, nearness));
  const points = profile.map(
    (level, index): Point => [(index / (profile.length - 1)) * (width + 8) - 4, base - level * reach],
  );
  const line = range === 'jagged' ? polyline(points) : curve(points);
  const colour = atDepth(scene, nearness);
  const id = `r${Math.round(nearness * 10)}`;
  const mist = fade(id, [
    [colour, 0],
    [mix(colour, scene.light.sky[2], 0.55 * (1 - nearness)), 100],
  ]);
  return svg`${mist}<path fill="url(#${id})" d="M${line}L${width + 4} ${height}H-4z"/>`;
}

function lonePeak(scene: Scene, x: number, foot: number): string {
  const { unit, palette } = scene;
  const top = foot - unit * 190;
  const half = unit * 240;
  const lip = unit * 17;
  const colour = atDepth(scene, 0.42);
  const snow = mix(palette.pale, colour, scene.light.hour === 'night' ? 0.35 : 0.1);
  const slope = fade('p', [
    [colour, 0],
    [mix(colour, scene.light.sky[2], 0.6), 100],
  ]);
  // The snow line follows the first quarter of the slope's curve, so that both edges coincide.
  const edge = [-14, 20, -17, 19, -21, 13].map((rise) => svg`l-${unit * 17.8} ${unit * rise}`).join('');
  const lipLine = svg`M${x - lip} ${top}l${lip} ${unit * 4}l${lip} -${unit * 4}`;
  return [
    slope,
    svg`<path fill="url(#p)" d="M${x - half} ${foot}Q${x - half * 0.32} ${foot - unit * 45} ${x - lip} ${top}l${lip} ${unit * 4}l${lip} -${unit * 4}Q${x + half * 0.32} ${foot - unit * 45} ${x + half} ${foot}z"/>`,
    svg`<path fill="${snow}" d="${lipLine}q${unit * 15} ${unit * 36} ${unit * 36.4} ${unit * 66.3}${edge}q${unit * 21.4} -${unit * 30} ${unit * 36.4} -${unit * 66.3}z"/>`,
  ].join('');
}

function pines(scene: Scene): string {
  const { width, height, unit, take } = scene;
  const tree = `<path id="t" d="M0-30l5 10h-3l6 9h-3l7 10H-12l7-10h-3l6-9h-3zM-1-2h2v22h-2z"/>`;
  const wood = times(15, (index) => {
    // Tall at the edges, low in the middle: frames the view instead of fencing it off.
    const x = (index / 14) * width + take.between(-12, 12);
    const edge = Math.abs(x / width - 0.5) * 2;
    const size = unit * lerp(1, 3.4, edge * edge) * take.between(0.8, 1.2);
    return svg`<use href="#t" transform="translate(${x} ${height - unit * 8}) scale(${size})"/>`;
  });
  return svg`<defs>${tree}</defs><g fill="${scene.light.ground}">${wood}<path d="M0 ${height}v-${unit * 16}Q${width / 2} ${height - unit * 4} ${width} ${height - unit * 16}v${unit * 20}H0z"/></g>`;
}

function lake(scene: Scene, shore: number, at: Point, radius: number): string {
  const { width, height, light } = scene;
  const water = fade('w', [
    [mix(light.sky[2], light.body, 0.25), 0],
    [mix(light.body, light.ground, 0.4), 100],
  ]);
  return svg`${water}<path fill="url(#w)" d="M0 ${shore}h${width}V${height}H0z"/>${glitter(scene, at, shore, radius)}`;
}

/** Mountain ridges, one behind the other, under a large sun or moon. */
export function ridges(scene: Scene): string {
  const { width, height, unit, series, take } = scene;
  const range = series.pick<Range>(['jagged', 'rolling', 'lone']);
  const style = series.pick(DISC_STYLES);
  const [wooded, wet] = [series.chance(0.6), series.chance(0.35)];

  const horizon = height * take.between(0.5, 0.6);
  const radius = unit * take.between(62, 105);
  const at: Point = [width * take.between(0.25, 0.75), horizon - radius * take.between(0.5, 1.5)];
  const layers = range === 'lone' ? 3 : wet ? 3 : 5;
  const lowest = height * (wet ? 0.72 : 0.94);
  const hills = times(layers, (index) => {
    const share = index / (layers - 1);
    const nearness = wet ? lerp(0.15, 0.55, share) : lerp(0.12, 0.95, share);
    return ridge(scene, range, nearness, lerp(horizon + unit * 20, lowest - unit * 15, share));
  });
  return [
    sky(scene, horizon + unit * 40),
    stars(scene, horizon),
    disc(scene, at, radius, style),
    range === 'lone' ? lonePeak(scene, width - at[0] * 0.9, horizon + unit * 60) : '',
    hills,
    wet ? lake(scene, lowest, at, radius) : '',
    wooded ? pines(scene) : '',
    birds(scene, [width * take.between(0.15, 0.7), horizon - unit * take.between(90, 150)]),
  ].join('');
}
