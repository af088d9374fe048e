/** Six colours of one hour, from the darkest to the palest, and one that stands against them. */
export interface Palette {
  readonly night: string;
  readonly deep: string;
  readonly mid: string;
  readonly glow: string;
  readonly pale: string;
  readonly accent: string;
}

function palette(colours: readonly [string, string, string, string, string, string]): Palette {
  const [night, deep, mid, glow, pale, accent] = colours;
  return { night, deep, mid, glow, pale, accent };
}

export const PALETTES: readonly [Palette, ...Palette[]] = [
  // Indigo dusk
  palette(['#141230', '#2b2464', '#6a3f8f', '#e0708a', '#ffd9b0', '#ffb454']),
  // Lantern harbour
  palette(['#08202b', '#0f4352', '#2d8a8a', '#f0b66a', '#fdeccb', '#ff7a4d']),
  // Sakura evening
  palette(['#2b1b3a', '#5b2f5f', '#b55a86', '#f4a6b7', '#fdebe8', '#ffd36e']),
  // Ember
  palette(['#1c0f17', '#4a1527', '#a32a35', '#f0703c', '#ffd38a', '#fff0c8']),
  // Aurora
  palette(['#07142a', '#0d3155', '#14707f', '#4fd1a5', '#d8fbe0', '#b58cff']),
  // Prussian blue print
  palette(['#0c1d3c', '#1f4480', '#4c86bf', '#a9d0e2', '#f6ecd2', '#e0473f']),
  // Tea field
  palette(['#14231c', '#2a4a35', '#5f8a4f', '#b9c66b', '#f5f0c9', '#e8663f']),
  // Lavender field
  palette(['#1d1a3b', '#443b7d', '#8673bd', '#c9b3e6', '#fbe9f0', '#ff9b71']),
  // Copper noon
  palette(['#22181a', '#5a3328', '#ad6638', '#eeb061', '#fdf0cf', '#2fa39b']),
  // Rose lagoon
  palette(['#13253a', '#25566e', '#61a3a3', '#f3b5a5', '#fdeee2', '#e8505b']),
  // Neon night
  palette(['#0d0b26', '#2a1166', '#7a1fa2', '#f0409a', '#ffc2d9', '#35e0e6']),
  // First snow
  palette(['#10192c', '#2b3f5e', '#6787a8', '#b4cadb', '#f4f7f6', '#f2a541']),
  // Maple valley
  palette(['#20121a', '#58202a', '#a8442f', '#e98a3c', '#fbe2b0', '#7fb7a6']),
  // Sea glass
  palette(['#06262f', '#0b5563', '#1c9a95', '#8adcc0', '#f5f8da', '#ff8a5c']),
  // Plum and gold
  palette(['#1e0f2a', '#47205a', '#8a3a73', '#d9787a', '#fbdcb4', '#f7c948']),
  // Slate and coral
  palette(['#161b26', '#34405a', '#6c7a96', '#f29488', '#fde5d6', '#ffce5a']),
  // Wisteria dawn
  palette(['#191b44', '#3a4590', '#7d88cf', '#f2b8cf', '#fff1dd', '#ff7f8e']),
  // Cinnabar print
  palette(['#1b1a22', '#3b3647', '#8b2f38', '#dd5541', '#f5e6cc', '#f0b74a']),
  // Summer sky
  palette(['#0f2a4d', '#1f62a8', '#5fb0e5', '#bfe6f5', '#fffbe9', '#ff8fa3']),
  // Jade night
  palette(['#081c1c', '#11463f', '#2c8068', '#9ccf8d', '#f4f2c6', '#f5b94f']),
];

function channel(colour: string, start: number): number {
  return Number.parseInt(colour.slice(start, start + 2), 16);
}

/** `share` 0 is `from`, 1 is `to`; both as #rrggbb. */
export function mix(from: string, to: string, share: number): string {
  const part = Math.min(1, Math.max(0, share));
  const channels = [1, 3, 5].map((start) => {
    const value = Math.round(channel(from, start) * (1 - part) + channel(to, start) * part);
    return value.toString(16).padStart(2, '0');
  });
  return `#${channels.join('')}`;
}

/** A time of day: how a palette lights a scene. */
export interface Light {
  readonly hour: 'night' | 'dusk' | 'day';
  /** Top, middle, horizon. */
  readonly sky: readonly [string, string, string];
  readonly disc: string;
  /** Things half way between the horizon and the viewer. */
  readonly body: string;
  /** Things next to the viewer. */
  readonly ground: string;
  /** Windows, petals, sparks. */
  readonly glint: string;
}

export function lightOf(colours: Palette, hour: Light['hour']): Light {
  const { night, deep, mid, glow, pale, accent } = colours;
  switch (hour) {
    case 'night':
      return {
        hour,
        sky: [night, deep, mid],
        disc: pale,
        body: deep,
        ground: mix(night, '#000000', 0.3),
        glint: accent,
      };
    case 'dusk':
      return {
        hour,
        sky: [deep, mid, glow],
        disc: pale,
        body: mix(mid, deep, 0.6),
        ground: night,
        glint: accent,
      };
    case 'day':
      return {
        hour,
        sky: [mid, glow, pale],
        disc: accent,
        body: mid,
        ground: mix(deep, night, 0.5),
        glint: accent,
      };
    default:
      return hour satisfies never;
  }
}
