import { mix } from '../palettes';
import type { Random } from '../random';
import { type Scene, stars } from '../scene';
import { around, circle, fade, glow, lerp, type Point, svg, times } from '../svg';

type Kind = 'banded' | 'ringed' | 'eclipse' | 'marble';

/** Hard gradient stops draw a gas giant's belts without a clip path. */
function belts(id: string, take: Random, colours: readonly [string, ...string[]]): string {
  const stops: (readonly [string, number])[] = [];
  let offset = 0;
  while (offset < 100) {
    const colour = take.pick(colours);
    const next = Math.min(100, offset + take.whole(6, 19));
    stops.push([colour, offset], [colour, next]);
    offset = next;
  }
  return fade(id, stops);
}

function shade(at: Point, radius: number, dark: string): string {
  const shadow = `<radialGradient id="z" cx=".32" cy=".3" r=".75"><stop offset="45%" stop-color="${dark}" stop-opacity="0"/><stop offset="100%" stop-color="${dark}" stop-opacity=".85"/></radialGradient>`;
  return shadow + circle(at, radius + 0.5, 'fill="url(#z)"');
}

function rings(scene: Scene, [x, y]: Point, radius: number, front: boolean): string {
  const { palette } = scene;
  const sweep = front ? 0 : 1;
  return [1.45, 1.66, 1.95]
    .map((reach, index) => {
      const across = radius * reach;
      const width = [radius * 0.14, radius * 0.2, radius * 0.05][index] ?? 1;
      const colour = [palette.glow, palette.pale, palette.accent][index] ?? palette.pale;
      return svg`<path fill="none" stroke="${colour}" stroke-width="${width}" opacity=".85" d="M${x - across} ${y}A${across} ${across * 0.26} 0 0 ${sweep} ${x + across} ${y}"/>`;
    })
    .join('');
}

function giant(scene: Scene, kind: Kind, at: Point, radius: number, tilt: number): string {
  const { palette, take } = scene;
  const turned = (content: string): string =>
    svg`<g transform="rotate(${tilt} ${at[0]} ${at[1]})">${content}</g>`;
  switch (kind) {
    case 'eclipse':
      return (
        glow('e', [
          [palette.pale, 62],
          [palette.accent, 66, '.8'],
          [palette.glow, 78, '.25'],
          [palette.glow, 100, '0'],
        ]) +
        circle(at, radius * 1.6, 'fill="url(#e)"') +
        circle(at, radius, `fill="${mix(palette.night, '#000000', 0.3)}"`)
      );
    case 'marble':
      return (
        fade('p', [
          [palette.pale, 0],
          [palette.glow, 35],
          [palette.mid, 100],
        ]) +
        turned(circle(at, radius, 'fill="url(#p)"')) +
        craters(scene, at, radius) +
        shade(at, radius, palette.night)
      );
    case 'banded':
    case 'ringed': {
      const cloud = belts('p', take, [
        palette.glow,
        palette.mid,
        mix(palette.glow, palette.pale, 0.5),
        palette.glow,
        mix(palette.mid, palette.glow, 0.5),
      ]);
      const globe = circle(at, radius, 'fill="url(#p)"') + shade(at, radius, palette.night);
      if (kind === 'banded') return turned(cloud + globe);
      return turned(cloud + rings(scene, at, radius, false) + globe + rings(scene, at, radius, true));
    }
    default:
      return kind satisfies never;
  }
}

function craters({ take, palette }: Scene, at: Point, radius: number): string {
  return times(6, () => {
    const size = radius * take.between(0.07, 0.17);
    const place = around(at, (radius - size) * Math.sqrt(take.next()) * 0.9, take.next());
    return circle(place, size, `fill="${palette.mid}" opacity=".35"`);
  });
}

function orbits(scene: Scene, at: Point, radius: number, tilt: number): string {
  const { take, palette } = scene;
  return times(4, (index) => {
    const across = radius * lerp(1.7, 4.2, index / 3);
    const [eastward, size] = [take.next(), radius * take.between(0.05, 0.16)];
    const [dx, dy] = around([0, 0], 1, eastward);
    const colour = take.pick([palette.accent, palette.glow, palette.pale]);
    return svg`<ellipse cx="${at[0]}" cy="${at[1]}" rx="${across}" ry="${across * 0.38}" fill="none" stroke="${palette.pale}" opacity=".28" transform="rotate(${tilt} ${at[0]} ${at[1]})"/><g transform="rotate(${tilt} ${at[0]} ${at[1]})">${circle([at[0] + dx * across, at[1] + dy * across * 0.38], size, `fill="${colour}"`)}</g>`;
  });
}

function nebula(scene: Scene): string {
  const { width, height, take, palette } = scene;
  const cloud = (id: string, colour: string): string =>
    glow(id, [
      [colour, 0, '.6'],
      [colour, 100, '0'],
    ]) +
    svg`<ellipse cx="${width * take.between(0.1, 0.9)}" cy="${height * take.between(0.1, 0.9)}" rx="${width * take.between(0.5, 0.8)}" ry="${height * take.between(0.3, 0.5)}" fill="url(#${id})"/>`;
  return (
    cloud('m', palette.mid) + cloud('n', palette.deep) + cloud('o', mix(palette.mid, palette.glow, 0.35))
  );
}

function comet({ take, width, height, unit, palette }: Scene): string {
  const [x, y] = [width * take.between(0.2, 0.9), height * take.between(0.08, 0.4)];
  const tail = unit * take.between(70, 120);
  return svg`<path fill="${palette.pale}" opacity=".75" d="M${x} ${y}l${tail} -${tail * 0.5}l-${tail - unit * 3} ${tail * 0.5 + unit * 4}z"/>${circle([x + unit * 1.5, y + unit * 2], unit * 3, `fill="${palette.pale}"`)}`;
}

/** Space: it is dark at every hour, so the hour only tints the far clouds. */
export function cosmos(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const kind = series.pick<Kind>(['banded', 'ringed', 'eclipse', 'marble']);
  const tilt = series.between(-32, 32);
  const orbited = series.chance(0.65);

  const radius = unit * (kind === 'ringed' ? take.between(70, 105) : take.between(85, 150));
  const at: Point = [width * take.between(0.25, 0.75), height * take.between(0.35, 0.66)];
  const dusk: Scene = { ...scene, light: { ...light, hour: 'night' } };
  const space = fade('s', [
    [palette.night, 0],
    [light.hour === 'night' ? mix(palette.night, palette.deep, 0.6) : palette.deep, 100],
  ]);
  return [
    svg`${space}<path fill="url(#s)" d="M0 0h${width}v${height}H0z"/>`,
    nebula(scene),
    stars(dusk, height),
    orbited ? orbits(scene, at, radius, tilt) : comet(scene),
    giant(scene, kind, at, radius, tilt),
  ].join('');
}
