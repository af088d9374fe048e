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
    // To the far edges, for later tiles to paint over: tiles that only touch let the page shine through their seams.
    return svg`<path fill="${ground}" d="M${x} ${y}H${width}V${height}H${x}z"/>${figure}`;
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

function arch(at: Point, radius: number, inks: readonly string[]): string {
  return inks
    .map((ink, index) => circle(at, (radius * (inks.length - index)) / inks.length, `fill="${ink}"`))
    .join('');
}

/** Two great arches that rise from a striped floor, or hang from a striped ceiling. */
function arches(scene: Scene): string {
  const { width, height, unit, take, palette, light } = scene;
  const { night, deep, mid, glow, pale, accent } = palette;
  const upward = take.chance(0.65);
  const leftward = take.chance(0.5);
  const ground = light.hour === 'day' ? pale : light.sky[0];
  const core = light.hour === 'day' ? night : pale;
  const level = height * (upward ? take.between(0.7, 0.82) : take.between(0.16, 0.28));
  const across = (share: number): number => width * (leftward ? share : 1 - share);
  const [large, small] = [across(take.between(0.24, 0.42)), across(take.between(0.72, 0.88))];
  const away = (step: number): number => level + (upward ? step : -step);
  const lines = times(4, (index) => svg`M0 ${away(unit * (17 + index * 19))}h${width}`);
  const stand = upward ? svg`M0 ${level}h${width}V${height}H0z` : svg`M0 0h${width}V${level}H0z`;
  const moon: Point = [
    across(take.between(0.66, 0.82)),
    upward ? height * take.between(0.14, 0.24) : height * take.between(0.78, 0.86),
  ];
  return [
    svg`<path fill="${ground}" d="M0 0h${width}v${height}H0z"/>`,
    circle(moon, unit * take.between(28, 46), `fill="${light.hour === 'day' ? glow : accent}"`),
    arch([small, level], unit * take.between(105, 140), [mid, ground, accent, ground, glow]),
    arch([large, level], unit * take.between(190, 235), [
      deep === ground ? night : deep,
      mid,
      glow,
      accent,
      core,
    ]),
    `<path fill="${mix(night, deep, 0.3)}" d="${stand}"/>`,
    svg`<path stroke="${glow}" stroke-width="${unit * 4}" d="${lines}" opacity=".75"/>`,
  ].join('');
}

/** Flat geometry: a grid of few shapes, or one great arch. */
export function bauhaus(scene: Scene): string {
  return scene.series.chance(0.6) ? tiled(scene) : arches(scene);
}
