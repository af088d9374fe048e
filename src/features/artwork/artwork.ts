import { type Light, lightOf, PALETTES } from './palettes';
import { Random } from './random';
import type { Family } from './scene';
import { bauhaus } from './scenes/bauhaus';
import { branch } from './scenes/branch';
import { cosmos } from './scenes/cosmos';
import { lanterns } from './scenes/lanterns';
import { ridges } from './scenes/ridges';
import { sea } from './scenes/sea';
import { skyline } from './scenes/skyline';
import { speed } from './scenes/speed';
import { wires } from './scenes/wires';
import { svg } from './svg';

const FAMILIES: readonly [Family, ...Family[]] = [
  ridges,
  skyline,
  sea,
  branch,
  cosmos,
  bauhaus,
  wires,
  lanterns,
  speed,
];

const HOURS: readonly [Light['hour'], ...Light['hour'][]] = ['night', 'dusk', 'day'];

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly closest: number;
  readonly farthest: number;
}

const POSTER: Frame = { width: 400, height: 600, closest: 1, farthest: 1 };
/** Episodes differ in how near the camera stands. */
const STILL: Frame = { width: 640, height: 360, closest: 1.05, farthest: 0.7 };

/** Wider than a still, as previews of links are. */
const PREVIEW: Frame = { ...STILL, height: 336 };

function picture(key: string, takeName: string, frame: Frame): string {
  const series = new Random(key);
  const take = new Random(`${key}/${takeName}`);
  const family = series.pick(FAMILIES);
  const palette = series.pick(PALETTES);
  const { width, height, closest, farthest } = frame;
  const body = family({
    width,
    height,
    unit: take.between(farthest, closest),
    palette,
    light: lightOf(palette, take.pick(HOURS)),
    series,
    take,
  });
  return svg`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${body}</svg>`;
}

/** The 2:3 poster of a series, as SVG with viewBox 0 0 400 600; the same key gives the same bytes everywhere. */
export function posterSvg(key: string): string {
  return picture(key, 'poster', POSTER);
}

/**
 * A 16:9 still of one episode, as SVG with viewBox 0 0 640 360, in the palette and the scene family of the series'
 * poster. `variant` names the episode, for instance "regular-12.5".
 */
export function stillSvg(key: string, variant: string): string {
  return picture(key, `still/${variant}`, STILL);
}

/** The picture beside a link to a series, or to an episode of it, as SVG with viewBox 0 0 640 336. */
export function previewSvg(key: string, variant?: string): string {
  return picture(key, variant === undefined ? 'poster' : `still/${variant}`, PREVIEW);
}
