import { type Light, mix, type Palette } from './palettes';
import type { Random } from './random';
import { circle, fade, lerp, type Point, svg, times } from './svg';

/** What a scene family draws from. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Length that a motif measures itself by: 1 on a poster, larger on a close-up. */
  readonly unit: number;
  readonly palette: Palette;
  readonly light: Light;
  /** Draws what all pictures of the series have in common; so a scene asks it first, and always the same questions. */
  readonly series: Random;
  /** Draws what is this picture's own. */
  readonly take: Random;
}

export type Family = (scene: Scene) => string;

export const DISC_STYLES = ['halo', 'banded', 'ringed', 'crescent', 'halo'] as const;
export type DiscStyle = (typeof DISC_STYLES)[number];

export function sky({ width, height, light }: Scene, horizon = height): string {
  const [top, middle, low] = light.sky;
  const end = (horizon / height) * 100;
  const stops = fade('s', [
    [top, 0],
    [middle, end * 0.55],
    [low, end],
  ]);
  return svg`${stops}<path fill="url(#s)" d="M0 0h${width}v${height}h-${width}z"/>`;
}

/** The colour of a thing between the horizon (0) and the viewer (1): air pales what is far. */
export function atDepth({ light }: Scene, nearness: number): string {
  return nearness < 0.5
    ? mix(light.sky[2], light.body, nearness * 2)
    : mix(light.body, light.ground, nearness * 2 - 1);
}

function dots(scene: Scene, count: number, low: number): string {
  return times(
    count,
    () => svg`M${Math.round(scene.take.next() * scene.width)} ${Math.round(scene.take.next() * low)}h.1`,
  );
}

/** Stars above `low`; none by day. */
export function stars(scene: Scene, low: number): string {
  if (scene.light.hour === 'day') return '';
  const share = (scene.width * low) / 240000;
  const count = Math.round(share * (scene.light.hour === 'night' ? 70 : 30));
  return svg`<g stroke="${scene.palette.pale}" stroke-linecap="round"><path stroke-width="1.4" opacity=".6" d="${dots(scene, count, low)}"/><path stroke-width="2.4" opacity=".9" d="${dots(scene, Math.ceil(count / 5), low * 0.8)}"/></g>`;
}

function crescent([x, y]: Point, radius: number, colour: string): string {
  const tip = radius * 0.9;
  return svg`<path fill="${colour}" transform="rotate(-28 ${x} ${y})" d="M${x} ${y - tip}A${radius} ${radius} 0 1 1 ${x} ${y + tip}A${radius * 1.1} ${radius * 1.1} 0 0 0 ${x} ${y - tip}"/>`;
}

function bandedDisc(at: Point, radius: number, colour: string): string {
  const bands = [58, 62, 68, 73, 78, 84, 88, 96].flatMap((offset, index) => {
    const [before, after] = index % 2 === 0 ? ['1', '0'] : ['0', '1'];
    return [[colour, offset, before] as const, [colour, offset, after] as const];
  });
  return fade('d', bands) + circle(at, radius, 'fill="url(#d)"');
}

/** The sun or the moon. */
export function disc(scene: Scene, at: Point, radius: number, style: DiscStyle): string {
  const { disc: colour, sky: heavens, hour } = scene.light;
  const air = svg`<g fill="${colour}">${circle(at, radius * 2.1, 'opacity=".06"')}${circle(at, radius * 1.6, 'opacity=".08"')}${circle(at, radius * 1.25, 'opacity=".12"')}</g>`;
  if (style === 'crescent' && hour !== 'day') return air + crescent(at, radius * 0.8, colour);
  if (style === 'banded') return air + bandedDisc(at, radius, colour);
  const face = fade('d', [
    [colour, 0],
    [mix(colour, heavens[2], 0.45), 100],
  ]);
  const body = face + circle(at, radius, 'fill="url(#d)"');
  if (style !== 'ringed') return air + body;
  return (
    body +
    [1.16, 1.36, 1.62]
      .map((ring, index) =>
        circle(
          at,
          radius * ring,
          `fill="none" stroke="${colour}" stroke-width="${3 - index}" opacity=".${5 - index}"`,
        ),
      )
      .join('')
  );
}

/** A small flock; its place is in the open sky. */
export function birds({ take, unit, light }: Scene, [x, y]: Point): string {
  const flock = times(take.whole(3, 6), (index) => {
    const size = unit * take.between(5, 9);
    const left = x + unit * (index * 17 + take.between(-5, 5));
    const top = y + unit * (Math.abs(index - 2) * 8 + take.between(-5, 5));
    return svg`M${left} ${top}q${size * 0.6} -${size * 0.6} ${size} 0q${size * 0.4} -${size * 0.6} ${size} 0`;
  });
  return svg`<path fill="none" stroke="${light.ground}" stroke-width="${unit * 1.6}" stroke-linecap="round" d="${flock}"/>`;
}

/** Light of `at` on water below `horizon`: bars that spread and thin out towards the viewer. */
export function glitter(scene: Scene, at: Point, horizon: number, radius: number): string {
  const { take, height, light } = scene;
  const bars = times(11, (index) => {
    const share = (index + 0.6) / 11;
    const half = radius * lerp(0.85, 0.35, share) * take.between(0.35, 1);
    const x = at[0] + radius * take.between(-0.25, 0.25);
    return svg`M${x - half} ${lerp(horizon, height, share * share * 0.7 + share * 0.3)}h${half * 2}`;
  });
  return svg`<path stroke="${light.disc}" stroke-width="${scene.unit * 3.4}" stroke-linecap="round" opacity=".6" d="${bars}"/>`;
}
