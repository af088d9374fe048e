import { mix } from '../palettes';
import type { Random } from '../random';
import type { Scene } from '../scene';
import { circle, type Point, svg, times } from '../svg';

type Tile = (x: number, y: number, side: number, ink: string, second: string, take: Random) => string;

const quarter: Tile = (x, y, side, ink, second, take) => {
  const turn = take.whole(0, 3) * 90;
  return svg`<g transform="rotate(${turn} ${x + side / 2} ${y + side / 2})"><path fill="${ink}" d="M${x} ${y}h${side}A${side} ${side} 0 0 1 ${x} ${y + side}z"/><path fill="${second}" d="M${x} ${y}h${side / 2}A${side / 2} ${side / 2} 0 0 1 ${x} ${y + side / 2}z"/></g>`;
};

const leaf: Tile = (x, y, side, ink, _second, take) => {
  const turn = take.whole(0, 1) * 90;
  return svg`<path fill="${ink}" transform="rotate(${turn} ${x + side / 2} ${y + side / 2})" d="M${x} ${y}A${side} ${side} 0 0 1 ${x + side} ${y + side}A${side} ${side} 0 0 1 ${x} ${y}"/>`;
};

const target: Tile = (x, y, side, ink, second) => {
  const at: Point = [x + side / 2, y + side / 2];
  return circle(at, side / 2, `fill="${ink}"`) + circle(at, side / 4, `fill="${second}"`);
};

const halves: Tile = (x, y, side, ink, second, take) => {
  const turn = take.whole(0, 3) * 90;
  const half = side / 2;
  return svg`<g transform="rotate(${turn} ${x + half} ${y + half})"><path fill="${ink}" d="M${x} ${y + half}a${half} ${half} 0 0 1 ${side} 0z"/><path fill="${second}" d="M${x} ${y + side}a${half} ${half} 0 0 1 ${side} 0z"/></g>`;
};

const wedge: Tile = (x, y, side, ink, _second, take) => {
  const turn = take.whole(0, 3) * 90;
  return svg`<path fill="${ink}" transform="rotate(${turn} ${x + side / 2} ${y + side / 2})" d="M${x} ${y}h${side}l-${side} ${side}z"/>`;
};

const stripes: Tile = (x, y, side, ink, _second, take) => {
  const turn = take.whole(0, 1) * 90;
  const bars = times(4, (index) => svg`M${x} ${y + (side / 4) * (index + 0.5)}h${side}`);
  return svg`<path stroke="${ink}" stroke-width="${side / 8}" transform="rotate(${turn} ${x + side / 2} ${y + side / 2})" d="${bars}"/>`;
};

const TILES: readonly [Tile, ...Tile[]] = [quarter, quarter, leaf, target, halves, wedge, stripes];

function grounds({ palette, light }: Scene): readonly [string, ...string[]] {
  const { night, deep, mid, glow, pale } = palette;
  switch (light.hour) {
    case 'night':
      return [night, deep, night, deep, mid];
    case 'dusk':
      return [deep, mid, deep, mid, glow];
    case 'day':
      return [pale, pale, glow, pale, mid];
    default:
      return light.hour satisfies never;
  }
}

function tiled(scene: Scene): string {
  const { width, height, series, take, palette } = scene;
  const kit = [series.pick(TILES), series.pick(TILES), series.pick(TILES)] as const;
  const side = width > height ? take.pick([90, 120, 120]) : 100;
  const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)];
  const inks: readonly [string, ...string[]] = [
    palette.glow,
    palette.accent,
    palette.pale,
    palette.mid,
    palette.deep,
  ];
  const field = grounds(scene);
  return times(columns * rows, (index) => {
    const [x, y] = [(index % columns) * side, Math.floor(index / columns) * side];
    const ground = take.pick(field);
    const [ink, second] = twoInks(take, inks, ground);
    // A third of the tiles stay empty: without rest the eye finds no figure.
    const figure = take.chance(0.34) ? '' : take.pick(kit)(x, y, side, ink, second, take);
    return svg`<path fill="${ground}" d="M${x} ${y}h${side + 0.5}v${side + 0.5}H${x}z"/>${figure}`;
  });
}

function twoInks(
  take: Random,
  inks: readonly [string, ...string[]],
  ground: string,
): readonly [string, string] {
  const [first, ...rest] = inks.filter((ink) => ink !== ground);
  if (first === undefined) return [inks[0], ground];
  const ink = take.pick([first, ...rest]);
  const second = take.pick([first, ...rest]);
  return [ink, second === ink ? ground : second];
}

function rainbow(scene: Scene): string {
  const { width, height, unit, take, palette, light } = scene;
  const upward = take.chance(0.6);
  const at: Point = [
    width * take.pick([0.25, 0.5, 0.7]),
    height * (upward ? take.between(0.72, 1) : take.between(0.1, 0.25)),
  ];
  const inks = [palette.deep, palette.mid, palette.glow, palette.accent, palette.pale];
  const ground = light.hour === 'day' ? palette.pale : light.sky[0];
  const bands = inks
    .map((ink, index) => circle(at, unit * (240 - index * 44), `fill="${index === 4 ? ground : ink}"`))
    .join('');
  const stand = upward ? svg`M0 ${at[1]}h${width}V${height}H0z` : svg`M0 0h${width}V${at[1]}H0z`;
  const lines = times(
    5,
    (index) =>
      svg`M0 ${upward ? at[1] + unit * (18 + index * 18) : at[1] - unit * (18 + index * 18)}h${width}`,
  );
  const moon: Point = [
    at[0] < width / 2 ? width * 0.8 : width * 0.18,
    upward ? height * 0.16 : height * 0.84,
  ];
  return [
    svg`<path fill="${ground}" d="M0 0h${width}v${height}H0z"/>`,
    bands,
    circle(at, unit * 40, `fill="${palette.accent}"`),
    `<path fill="${mix(palette.night, palette.deep, 0.3)}" d="${stand}"/>`,
    svg`<path stroke="${palette.glow}" stroke-width="${unit * 3}" d="${lines}" opacity=".7"/>`,
    circle(moon, unit * 30, `fill="${light.hour === 'day' ? palette.mid : palette.glow}"`),
  ].join('');
}

/** Flat geometry: a grid of few shapes, or one great arch. */
export function bauhaus(scene: Scene): string {
  return scene.series.chance(0.6) ? tiled(scene) : rainbow(scene);
}
