// Makes the PNG icons of public/icons from favicon.svg, for home screens. Run by hand when the icon changes:
//   node scripts/make-icons.mjs
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'public', 'icons');
const rounded = readFileSync(join(folder, 'favicon.svg'), 'utf8');
const CSS_DPI = 72;

/** The background up to the edges, since the system cuts the corners; and all else within its safe circle. */
const fullBleed = rounded
  .replace(' rx="8"', '')
  .replace('<path ', '<g transform="translate(16 16) scale(.8) translate(-16 -16)"><path ')
  .replace('</svg>', '</g></svg>');

const draw = (svg, size, name) =>
  sharp(Buffer.from(svg), { density: (CSS_DPI * size) / 32 })
    .resize(size, size)
    .png({ palette: true, effort: 10 })
    .toFile(join(folder, name));

await draw(rounded, 192, 'icon-192.png');
await draw(rounded, 512, 'icon-512.png');
await draw(fullBleed, 512, 'icon-maskable-512.png');
await draw(fullBleed, 180, 'apple-touch-icon.png');
