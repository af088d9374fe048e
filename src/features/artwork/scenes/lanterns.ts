import { mix } from '../palettes';
import type { Scene } from '../scene';
import { stars } from '../scene';
import { circle, fade, glow, lerp, type Point, svg, times } from '../svg';

type Shape = 'round' | 'long' | 'sky';

/** Each hangs from, or in case of a sky lantern rises above, its origin; about 40 units high. */
function symbol(shape: Shape, { palette }: Scene, dark: string): string {
  const ribs = `fill="none" stroke="${mix(palette.accent, palette.mid, 0.45)}" opacity=".55"`;
  const halo = '<circle cy="24" r="56" fill="url(#h)"/>';
  switch (shape) {
    case 'round':
      return `<g id="l">${halo}<path fill="${dark}" d="M-9 2h18v5H-9zM-8 43h16v4h-16zM-.7-8h1.4V4h-1.4zM-.7 46h1.4v14h-1.4z"/><ellipse cy="25" rx="23" ry="19" fill="url(#b)"/><path ${ribs} d="M0 6v38M-1 6q-20 19 0 38M1 6q20 19 0 38M-2 6q-38 19 0 38M2 6q38 19 0 38"/></g>`;
    case 'long':
      return `<g id="l">${halo}<path fill="${dark}" d="M-9 0h18v5H-9zM-9 49h18v5H-9zM-.7-10h1.4V2h-1.4z"/><rect x="-15" y="4" width="30" height="46" rx="11" fill="url(#b)"/><path ${ribs} d="M-14 12q14 5 28 0M-15 20q15 5 30 0M-15 28q15 5 30 0M-15 36q15 5 30 0M-14 44q14 5 28 0"/></g>`;
    case 'sky':
      return `<g id="l">${halo}<path fill="url(#b)" d="M-12 44L-17 12Q-16 0 0-1Q16 0 17 12L12 44Q0 49-12 44"/><path ${ribs} d="M-5 46L-7 1M5 46L7 1"/></g>`;
    default:
      return shape satisfies never;
  }
}

function paints({ palette }: Scene): string {
  return (
    glow('h', [
      [palette.accent, 15, '.55'],
      [palette.accent, 45, '.16'],
      [palette.accent, 100, '0'],
    ]) +
    fade('b', [
      [palette.accent, 0],
      [mix(palette.pale, palette.accent, 0.25), 60],
      [mix(palette.accent, palette.glow, 0.5), 100],
    ])
  );
}

function hung(at: Point, size: number): string {
  return svg`<use href="#l" transform="translate(${at[0]} ${at[1]}) scale(${size})"/>`;
}

/** Lanterns along a slack rope. */
function garland(scene: Scene, from: number, to: number, size: number, dark: string): string {
  const { width, unit, take } = scene;
  const sag = unit * take.between(25, 60);
  const count = Math.max(3, Math.round(width / (unit * size * take.between(70, 90))));
  const shift = take.between(0.2, 0.8);
  const row = times(count, (index) => {
    const share = (index + shift) / count;
    const y = lerp(from, to, share) + 4 * sag * share * (1 - share);
    return hung([share * width, y + unit * 8 * size], unit * size);
  });
  return svg`<path fill="none" stroke="${dark}" stroke-width="${unit * 1.6}" d="M0 ${from}Q${width / 2} ${(from + to) / 2 + 2 * sag} ${width} ${to}"/>${row}`;
}

function adrift(scene: Scene): string {
  const { width, height, unit, take } = scene;
  const count = 15;
  return times(count, (index) => {
    const near = (index / count) ** 2;
    const x = ((index * 0.618 + take.between(-0.06, 0.06) + 1) % 1) * width;
    return hung([x, height * take.between(0.02, 0.74)], unit * lerp(0.3, 1.7, near));
  });
}

function bokeh(scene: Scene): string {
  const { width, height, unit, take, palette } = scene;
  return times(18, () => {
    const colour = take.pick([palette.accent, palette.glow, palette.pale, palette.glow]);
    const opacity = take.pick(['.1', '.16', '.24']);
    const at: Point = [take.next() * width, height * take.between(0.4, 1)];
    return circle(at, unit * take.between(8, 38), `fill="${colour}" opacity="${opacity}"`);
  });
}

function water(scene: Scene, shore: number): string {
  const { width, height, unit, take, palette } = scene;
  const lights = times(26, () => {
    const share = take.next();
    const half = unit * lerp(5, 22, share);
    return svg`M${take.next() * width - half} ${lerp(shore + unit * 5, height, share)}h${half * 2}`;
  });
  return svg`<path fill="${palette.night}" opacity=".75" d="M0 ${shore}h${width}V${height}H0z"/><path stroke="${palette.accent}" stroke-width="${unit * 2.6}" stroke-linecap="round" opacity=".5" d="${lights}"/>`;
}

/** A summer festival: paper lanterns on ropes, or let go over water. They need the dark, so day is a late dusk. */
export function lanterns(scene: Scene): string {
  const { width, height, unit, series, take, palette, light } = scene;
  const shape = series.pick<Shape>(['round', 'long', 'sky', 'round']);

  const dark = mix(palette.night, '#000000', 0.2);
  const low =
    light.hour === 'night'
      ? mix(palette.deep, palette.mid, 0.5)
      : light.hour === 'dusk'
        ? palette.mid
        : mix(palette.mid, palette.glow, 0.5);
  const evening = fade('s', [
    [palette.night, 0],
    [palette.deep, 55],
    [low, 100],
  ]);
  const shore = height * take.between(0.78, 0.84);
  const sizes =
    width > height
      ? take.pick([
          [0.7, 1, 1.5],
          [0.8, 1.9],
          [0.5, 0.8, 1.2, 1.7],
        ])
      : take.pick([
          [0.6, 0.9, 1.3, 1.8],
          [0.8, 1.3, 2.2],
        ]);
  const lowest = take.between(0.46, 0.6);
  const ropes = sizes.map((size, index) => {
    const level = height * lerp(lowest, 0.02, index / (sizes.length - 1));
    const lean = unit * take.between(-40, 40);
    return garland(scene, level + lean, level - lean, size, dark);
  });
  return [
    svg`<defs>${paints(scene)}${symbol(shape, scene, dark)}</defs>${evening}<path fill="url(#s)" d="M0 0h${width}v${height}H0z"/>`,
    stars({ ...scene, light: { ...light, hour: 'dusk' } }, height * 0.7),
    shape === 'sky' ? water(scene, shore) + adrift(scene) : bokeh(scene) + ropes.join(''),
  ].join('');
}
