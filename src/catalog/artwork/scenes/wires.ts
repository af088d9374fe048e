import { mix } from '../palettes';
import { atDepth, DISC_STYLES, disc, type Scene, sky, stars } from '../scene';
import { fade, lerp, type Point, svg, times } from '../svg';

type Weather = 'cumulus' | 'rain' | 'snow' | 'clear';

/** A towering cloud: bumps that climb to the middle and come down again. */
function cumulus(scene: Scene, x: number, base: number, half: number, rise: number): string {
  const { take, light, palette } = scene;
  const steps = 9;
  let path = svg`M${x - half} ${base}`;
  let last: Point = [x - half, base];
  for (let step = 1; step <= steps; step += 1) {
    const share = step / steps;
    const swell = Math.sin(share * Math.PI) * rise;
    const next: Point = [
      lerp(x - half, x + half, share),
      step === steps ? base : base - swell * take.between(0.75, 1.05),
    ];
    const radius = Math.hypot(next[0] - last[0], next[1] - last[1]) * take.between(0.52, 0.62);
    path += svg`A${radius} ${radius} 0 0 1 ${next[0]} ${next[1]}`;
    last = next;
  }
  const id = `c${Math.round(x)}`;
  const lit = mix(palette.pale, light.sky[2], light.hour === 'day' ? 0 : 0.35);
  const body = fade(id, [
    [light.hour === 'night' ? mix(lit, light.body, 0.55) : lit, 0],
    [light.sky[2], 100, '.35'],
  ]);
  return svg`${body}<path fill="url(#${id})" d="${path}z"/>`;
}

function pole(scene: Scene, x: number, top: number, size: number): string {
  const { height } = scene;
  const thick = size * 3.2;
  const arms = [0, 16]
    .map(
      (drop, index) =>
        svg`M${x - size * (34 - index * 8)} ${top + size * (10 + drop)}h${size * (68 - index * 16)}`,
    )
    .join('');
  const caps = [-30, -14, 14, 30]
    .map((offset) => svg`M${x + size * offset} ${top + size * 10}v-${size * 7}`)
    .join('');
  return svg`<path stroke-width="${thick * 1.5}" d="M${x} ${top}V${height}"/><path stroke-width="${thick}" d="${arms}M${x + size * 9} ${top + size * 44}v${size * 24}"/><path stroke-width="${thick * 0.8}" d="${caps}"/><path stroke-width="${size * 13}" d="M${x + size * 10} ${top + size * 46}v${size * 20}"/>`;
}

function spans(
  from: { x: number; top: number; size: number },
  to: { x: number; top: number; size: number },
): string {
  return [-30, -14, 14, 30]
    .map((offset) => {
      const [x1, y1] = [from.x + from.size * offset, from.top + from.size * 3];
      const [x2, y2] = [to.x + to.size * offset, to.top + to.size * 3];
      const sag = Math.abs(x2 - x1) * 0.16;
      return svg`M${x1} ${y1}Q${(x1 + x2) / 2} ${(y1 + y2) / 2 + sag * 2} ${x2} ${y2}`;
    })
    .join('');
}

/** A row of poles that walks off to the horizon. */
function line(scene: Scene, horizon: number): string {
  const { width, unit, take, light } = scene;
  const fromLeft = take.chance(0.5);
  const flip = (x: number): number => (fromLeft ? x : width - x);
  const reach = width > unit * 500 ? 0.9 : 1;
  const poles = [
    { x: flip(-unit * 130), top: horizon - unit * 420, size: unit * 1.9 },
    { x: flip(width * 0.24 * reach), top: horizon - unit * 250, size: unit * 1.25 },
    { x: flip(width * 0.6 * reach), top: horizon - unit * 130, size: unit * 0.7 },
    { x: flip(width * 0.8 * reach), top: horizon - unit * 72, size: unit * 0.4 },
    { x: flip(width * 0.91 * reach), top: horizon - unit * 42, size: unit * 0.2 },
  ];
  const posts = poles.map(({ x, top, size }) => pole(scene, x, top, size)).join('');
  const wires = poles
    .flatMap((from, index) => {
      const to = poles[index + 1];
      return to === undefined ? [] : [spans(from, to)];
    })
    .join('');
  return svg`<g fill="none" stroke="${light.ground}">${posts}<path stroke-width="${unit * 1.3}" d="${wires}"/></g>`;
}

function rooftops(scene: Scene, horizon: number, nearness: number): string {
  const { width, height, unit, take } = scene;
  let path = svg`M-10 ${height}V${horizon}`;
  for (let x = -10; x < width; ) {
    const half = unit * take.between(18, 42);
    const wall = horizon + unit * take.between(-6, 14);
    path += svg`L${x} ${wall}l${half} -${unit * take.between(8, 24)}L${x + half * 2} ${wall}`;
    x += half * 2 + unit * take.between(0, 8);
  }
  return svg`<path fill="${atDepth(scene, nearness)}" d="${path}V${height}z"/>`;
}

function rain({ width, height, unit, take, palette }: Scene): string {
  const drops = times(46, () => {
    const length = unit * take.between(16, 46);
    return svg`M${Math.round(take.next() * width * 1.1)} ${Math.round(take.next() * height)}l-${length * 0.28} ${length}`;
  });
  return svg`<path stroke="${palette.pale}" stroke-width="${unit * 1.3}" stroke-linecap="round" opacity=".42" d="${drops}"/>`;
}

function snow({ width, height, unit, take, palette }: Scene): string {
  const flakes = (count: number): string =>
    times(count, () => svg`M${Math.round(take.next() * width)} ${Math.round(take.next() * height)}h.1`);
  return svg`<g stroke="${palette.pale}" stroke-linecap="round"><path stroke-width="${unit * 3}" opacity=".7" d="${flakes(46)}"/><path stroke-width="${unit * 6}" opacity=".85" d="${flakes(16)}"/></g>`;
}

function weatherOf(scene: Scene, weather: Weather, horizon: number): string {
  const { width, unit, take } = scene;
  if (weather === 'rain' || weather === 'snow') return '';
  const x = width * take.between(0.2, 0.8);
  const tall = weather === 'cumulus' ? 1 : 0.35;
  return (
    cumulus(scene, x, horizon + unit * 20, unit * take.between(170, 230), unit * 230 * tall) +
    cumulus(scene, width - x, horizon + unit * 30, unit * take.between(110, 150), unit * 120 * tall)
  );
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
    weatherOf(scene, weather, horizon),
    rooftops(scene, horizon, 0.4),
    rooftops(scene, horizon + unit * 34, 0.7),
    line(scene, horizon + unit * 30),
    rooftops(scene, horizon + unit * 78, 1),
    weather === 'rain' ? rain(scene) : weather === 'snow' ? snow(scene) : '',
  ].join('');
}
