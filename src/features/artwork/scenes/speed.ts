import { mix } from '../palettes';
import type { Scene } from '../scene';
import { around, circle, fade, glow, lerp, type Point, polyline, svg, times } from '../svg';

/** Dashes of no length with round caps are dots; each row thinner than the last is a screen tone. */
function halftone({ width, height, unit }: Scene, colour: string, upward: boolean): string {
  const step = unit * 13;
  const rows = times(11, (index) => {
    const y = upward ? height - step * (index * 0.87 + 0.3) : step * (index * 0.87 + 0.3);
    const offset = index % 2 === 0 ? 0 : step / 2;
    return svg`<path stroke-width="${unit * lerp(11, 1.5, index / 10)}" d="M${offset} ${y}H${width + step}"/>`;
  });
  return svg`<g stroke="${colour}" stroke-linecap="round" stroke-dasharray=".1 ${step - 0.1}" opacity=".5">${rows}</g>`;
}

function focusLines(scene: Scene, at: Point, inner: number, count: number, colour: string): string {
  const { width, height, take } = scene;
  const outer = Math.hypot(width, height);
  const lines = times(count, (index) => {
    const angle = (index + take.between(-0.4, 0.4)) / count;
    const half = take.between(0.001, 0.0055);
    const tip = inner * take.between(1, 1.7);
    return `M${polyline([around(at, tip, angle), around(at, outer, angle - half), around(at, outer, angle + half)])}z`;
  });
  return `<path fill="${colour}" d="${lines}"/>`;
}

function spiked(
  at: Point,
  inner: number,
  outer: number,
  points: number,
  turn: number,
  colour: string,
): string {
  const corners = Array.from({ length: points * 2 }, (_, index) =>
    around(at, index % 2 === 0 ? outer : inner, turn + index / (points * 2)),
  );
  return `<path fill="${colour}" d="M${polyline(corners)}z"/>`;
}

function burst(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const points = series.pick([4, 8, 12, 16]);
  const at: Point = [width * take.between(0.36, 0.64), height * take.between(0.38, 0.6)];
  const radius = unit * take.between(62, 88);
  const turn = take.next();
  const [edge, middle] = [light.sky[0], light.sky[1]];
  const space = glow('s', [
    [light.sky[2], 0],
    [middle, 45],
    [edge, 100],
  ]).replace(
    '<radialGradient',
    svg`<radialGradient gradientUnits="userSpaceOnUse" cx="${at[0]}" cy="${at[1]}" r="${Math.max(width, height) * 0.62}"`,
  );
  return [
    svg`${space}<path fill="url(#s)" d="M0 0h${width}v${height}H0z"/>`,
    halftone(scene, mix(edge, palette.night, 0.5), true),
    focusLines(scene, at, radius * 1.9, 44, light.ground),
    focusLines(scene, at, radius * 1.6, 22, palette.pale),
    spiked(at, radius * 0.72, radius * 2.1, points, turn, light.glint),
    spiked(at, radius * 0.66, radius * 1.6, points, turn + 0.5 / points, palette.pale),
    circle(at, radius * 0.5, `fill="${palette.glow}"`),
    circle(at, radius * 0.36, `fill="${light.glint}"`),
  ].join('');
}

function streaks(scene: Scene, colour: string, count: number, thick: number): string {
  const { width, height, unit, take } = scene;
  const reach = Math.hypot(width, height);
  const lines = times(count, () => {
    const [x, y] = [take.between(-0.6, 0.5) * reach, take.between(-0.55, 0.55) * reach];
    const length = reach * take.between(0.2, 0.65);
    const half = unit * thick * take.between(0.4, 1);
    return svg`M${x} ${y}L${x + length} ${y - half}a${half} ${half} 0 0 1 0 ${half * 2}z`;
  });
  return svg`<path fill="${colour}" d="${lines}"/>`;
}

function dash(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const lean = series.pick([-38, -24, 24, 38]);
  const radius = unit * take.between(48, 72);
  const x = take.between(-0.04, 0.2) * width;
  const tilt = lean + take.between(-8, 8);
  const trail = [palette.mid, palette.glow, palette.accent, palette.pale].map((colour, index) => {
    const half = radius * (1 - index * 0.22);
    const start = -unit * (420 - index * 70);
    return svg`<path fill="${colour}" d="M${start} ${half * 0.3}L${x} ${-half}a${half} ${half} 0 0 1 0 ${half * 2}z"/>`;
  });
  const ground = fade('s', [
    [light.sky[0], 0],
    [light.sky[1], 100],
  ]);
  return [
    svg`${ground}<path fill="url(#s)" d="M0 0h${width}v${height}H0z"/>`,
    halftone(scene, light.sky[2], lean < 0),
    svg`<g transform="translate(${width * take.between(0.4, 0.62)} ${height * take.between(0.4, 0.6)})rotate(${tilt})">`,
    streaks(scene, mix(light.sky[0], light.sky[1], 0.5), 16, 13),
    streaks(scene, mix(light.sky[1], light.sky[2], 0.6), 12, 5),
    trail.join(''),
    streaks(scene, palette.pale, 9, 2),
    '</g>',
  ].join('');
}

/** Speed: focus lines round a burst, or a bolt with its trail. */
export function speed(scene: Scene): string {
  return scene.series.chance(0.5) ? burst(scene) : dash(scene);
}
