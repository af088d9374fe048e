import { mix } from '../palettes';
import { atDepth, birds, DISC_STYLES, disc, glitter, type Scene, sky, stars } from '../scene';
import { fade, lerp, type Point, svg, times } from '../svg';

/** Rows of seigaiha, the "blue ocean waves" of cloth and lacquer: each row hides the lower half of the one behind. */
function scales(scene: Scene, top: number): string {
  const { width, height, unit, take, light, palette } = scene;
  const crest = mix(palette.pale, light.body, light.hour === 'day' ? 0.15 : 0.5);
  const across = Math.ceil(width / (unit * 44)) + 2;
  const scale = `<g id="c"><circle r="30"/><g fill="none" stroke="${crest}"><circle r="28.5" stroke-width="2.6"/><circle r="21" stroke-width="2"/><circle r="14" stroke-width="1.6"/><circle r="7" stroke-width="1.2"/></g></g>`;
  const line = times(across, (index) => svg`<use href="#c" x="${index * 52}"/>`);
  const rows: string[] = [];
  const drift = take.between(0, 26);
  let y = top + unit * 14;
  for (let index = 0; y < height + unit * 24; index += 1) {
    const share = (y - top) / (height - top);
    const size = unit * lerp(0.6, 1.5, share);
    const left = -unit * 60 - (index % 2 === 0 ? 0 : 26 * size) - drift * size;
    rows.push(
      svg`<use href="#l" fill="${atDepth(scene, lerp(0.35, 0.9, share))}" transform="translate(${left} ${y}) scale(${size})"/>`,
    );
    y += Math.round(size * 10) * 1.55;
  }
  return `<defs>${scale}<g id="l">${line}</g></defs>${rows.join('')}`;
}

function swell(scene: Scene, top: number): string {
  const { width, height, unit, take, palette } = scene;
  return times(5, (index) => {
    const share = (index + 0.6) / 5;
    const base = lerp(top, height, share * share * 0.5 + share * 0.45);
    const reach = unit * lerp(4, 26, share);
    const length = unit * lerp(46, 120, share);
    const left = -length * take.between(0.2, 1.2);
    const half = Math.round(length / 2);
    const crests = times(Math.ceil((width - left) / half), () => svg`t${half} 0`);
    return svg`<path fill="${atDepth(scene, lerp(0.3, 0.95, share))}" stroke="${palette.pale}" stroke-opacity=".45" stroke-width="${unit * lerp(1.2, 3, share)}" d="M${left} ${base}q${half / 2} -${reach} ${half} 0${crests}V${height + 40}H-${length * 2}z"/>`;
  });
}

function boat({ unit, light, palette }: Scene, x: number, y: number): string {
  return svg`<path fill="${light.ground}" d="M${x - unit * 20} ${y - unit * 5}h${unit * 42}l-${unit * 9} ${unit * 10}h-${unit * 25}z"/><path fill="${palette.pale}" d="M${x} ${y - unit * 8}v-${unit * 46}q${unit * 24} ${unit * 20} ${unit * 18} ${unit * 46}z"/><path fill="${light.glint}" d="M${x - unit * 3} ${y - unit * 8}v-${unit * 36}q-${unit * 14} ${unit * 20} -${unit * 13} ${unit * 36}z"/>`;
}

function islands(scene: Scene, horizon: number): string {
  const { width, unit, take } = scene;
  const shapes = times(take.whole(1, 3), () => {
    const half = unit * take.between(40, 95);
    const rise = unit * take.between(18, 55);
    const x = take.next() * width;
    return svg`M${x - half} ${horizon}q${half * 0.5} -${rise * 0.2} ${half * 0.8} -${rise}q${half * 0.3} -${rise * 0.1} ${half * 0.5} ${rise * 0.5}q${half * 0.3} ${rise * 0.1} ${half * 0.7} ${rise * 0.5}z`;
  });
  return `<path fill="${atDepth(scene, 0.3)}" d="${shapes}"/>`;
}

/** The open sea: a horizon, a sun or moon on it, and waves. */
export function sea(scene: Scene): string {
  const { width, height, unit, series, take, light } = scene;
  const patterned = series.chance(0.55);
  const style = series.pick(DISC_STYLES);
  const [sailed, rocky] = [series.chance(0.5), series.chance(0.6)];

  const horizon = height * take.between(0.46, 0.6);
  const radius = unit * take.between(60, 115);
  const at: Point = [width * take.between(0.25, 0.75), horizon - radius * take.between(0.15, 1.3)];
  const surf = lerp(horizon, height, take.between(0.4, 0.55));
  const water = fade('w', [
    [mix(light.sky[2], light.body, 0.45), 0],
    [light.body, 100],
  ]);
  const afloat: Point = [width * take.between(0.2, 0.8), lerp(horizon, surf, 0.45)];
  return [
    sky(scene, horizon),
    stars(scene, horizon),
    disc(scene, at, radius, style),
    rocky ? islands(scene, horizon + 1) : '',
    svg`${water}<path fill="url(#w)" d="M0 ${horizon}h${width}V${height}H0z"/>`,
    glitter(scene, at, horizon, radius),
    sailed ? boat(scene, afloat[0], afloat[1]) : '',
    patterned ? scales(scene, surf) : swell(scene, surf),
    birds(scene, [width * take.between(0.1, 0.7), horizon - unit * take.between(80, 150)]),
  ].join('');
}
