export type Point = readonly [x: number, y: number];

function written(value: number | string): string {
  return typeof value === 'string' ? value : String(Math.round(value * 10) / 10);
}

/**
 * A template whose numbers come out with at most one decimal: keeps a picture small, and hides the last digits of
 * Math.sin and its like, which the language leaves to the engine.
 */
export function svg(parts: TemplateStringsArray, ...values: readonly (number | string)[]): string {
  return parts.reduce((text, part, index) => {
    const value = values[index];
    return text + part + (value === undefined ? '' : written(value));
  }, '');
}

/** Draws `count` times and joins. */
export function times(count: number, draw: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => draw(index)).join('');
}

export function lerp(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/** `angle` in turns: 0 is to the right, 0.25 is down. */
export function around(centre: Point, radius: number, angle: number): Point {
  const radians = angle * 2 * Math.PI;
  return [centre[0] + radius * Math.cos(radians), centre[1] + radius * Math.sin(radians)];
}

/** Straight lines through whole-number points, without the leading M. */
export function polyline(points: readonly Point[]): string {
  return points.map(([x, y]) => `${Math.round(x)} ${Math.round(y)}`).join('L');
}

/** Rounded corners through the middles of whole-number points, without the leading M. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const bends = rest.map(([x, y], index) => {
    const [nextX, nextY] = rest[index + 1] ?? [x, y];
    return svg`Q${Math.round(x)} ${Math.round(y)} ${Math.round((x + nextX) / 2)} ${Math.round((y + nextY) / 2)}`;
  });
  return svg`${Math.round(first[0])} ${Math.round(first[1])}${bends.join('')}`;
}

export function circle([x, y]: Point, radius: number, attributes: string): string {
  return svg`<circle cx="${x}" cy="${y}" r="${radius}" ${attributes}/>`;
}

/** A gradient from top to bottom; a stop is a colour, its offset in per cent and, if need be, its opacity. */
export function fade(
  id: string,
  stops: readonly (readonly [colour: string, offset: number, opacity?: string])[],
): string {
  return `<linearGradient id="${id}" x2="0" y2="1">${stopTags(stops)}</linearGradient>`;
}

export function glow(
  id: string,
  stops: readonly (readonly [colour: string, offset: number, opacity?: string])[],
): string {
  return `<radialGradient id="${id}">${stopTags(stops)}</radialGradient>`;
}

function stopTags(stops: readonly (readonly [colour: string, offset: number, opacity?: string])[]): string {
  return stops
    .map(([colour, offset, opacity]) => {
      const clear = opacity === undefined ? '' : ` stop-opacity="${opacity}"`;
      return svg`<stop offset="${Math.round(offset)}%" stop-color="${colour}"${clear}/>`;
    })
    .join('');
}
