import { createHash } from 'node:crypto';
import { type Light, lightOf, PALETTES } from './artwork/palettes';
import { Random } from './artwork/random';
import type { Family } from './artwork/scene';
import { bauhaus } from './artwork/scenes/bauhaus';
import { branch } from './artwork/scenes/branch';
import { cosmos } from './artwork/scenes/cosmos';
import { lanterns } from './artwork/scenes/lanterns';
import { ridges } from './artwork/scenes/ridges';
import { sea } from './artwork/scenes/sea';
import { skyline } from './artwork/scenes/skyline';
import { speed } from './artwork/scenes/speed';
import { wires } from './artwork/scenes/wires';
import { svg } from './artwork/svg';

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

/** 12 hex digits from the title: what an art URL carries. */
export function artworkKey(title: string): string {
  return createHash('sha256').update(title).digest('hex').slice(0, 12);
}

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
