// Makes the project's own 12-second clip: public/media/clip.mp4 and, as HLS, public/media/clip/.
// Chromium draws each frame on a canvas, so the picture depends on this file alone; ffmpeg encodes.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const help = `Usage: node scripts/make-clip.mjs [--help]

Writes public/media/clip.mp4 (H.264 + AAC) and public/media/clip/ (the same as HLS).
Takes about half a minute. Needs:
  ffmpeg    with libx264 (apt-get install ffmpeg, brew install ffmpeg), or its path in FFMPEG_PATH
  Chromium  (apt-get install chromium), or its path in CHROMIUM_PATH
`;

const film = { width: 1280, height: 720, fps: 24, seconds: 12, segmentSeconds: 3 };
const media = join(dirname(fileURLToPath(import.meta.url)), '..', 'public', 'media');
const ffmpegPath = process.env.FFMPEG_PATH ?? 'ffmpeg';
const maxMp4Bytes = 700_000;
const maxHlsBytes = 900_000;

function findChromium() {
  const places = [
    process.env.CHROMIUM_PATH,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

function missingTools(chromiumPath) {
  const missing = [];
  if (spawnSync(ffmpegPath, ['-version']).error !== undefined) {
    missing.push(
      'ffmpeg is missing: apt-get install ffmpeg (or brew install ffmpeg), or name its path in FFMPEG_PATH.',
    );
  }
  if (chromiumPath === undefined) {
    missing.push('Chromium is missing: apt-get install chromium, or name its path in CHROMIUM_PATH.');
  }
  return missing;
}

/** Runs in the page. Everything moves on whole cycles per film, so that the last frame leads into the first. */
function prepareScene({ width, height }) {
  const canvas = document.querySelector('canvas');
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d', { alpha: false });
  const turn = Math.PI * 2;

  let state = 20260401;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const between = (low, high) => low + (high - low) * random();
  const some = (count, make) => Array.from({ length: count }, (_, index) => make(index));

  const moon = { x: 860, y: 250, radius: 104 };
  const shore = 590;
  const starField = some(120, () => ({
    x: random() * width,
    y: random() ** 1.3 * 430,
    size: between(0.6, 1.7),
    phase: random(),
    cycles: Math.floor(between(1, 4)),
  }));
  const ridges = [
    { base: 440, reach: 58, sway: 8, colours: ['#57429a', '#8a5fa6'], rough: 0.9 },
    { base: 486, reach: 52, sway: 18, colours: ['#43348a', '#6d4b98'], rough: 0.8 },
    { base: 535, reach: 44, sway: 32, colours: ['#312770', '#4c3a86'], rough: 0.7 },
  ].map((ridge) => ({ ...ridge, profile: profileOf(ridge.rough) }));
  const forest = some(44, (index) => {
    const x = -90 + index * 34 + between(-10, 10);
    const edge = Math.abs(x / width - 0.5) * 2;
    return { x, tall: (26 + 105 * edge ** 2.4) * between(0.8, 1.2) };
  });
  const glitter = some(15, (index) => ({
    y: shore + 6 + index * 8.4,
    half: between(18, 80) * (1 - index / 22),
    shift: between(-16, 16),
    phase: random(),
    cycles: Math.floor(between(2, 5)),
  }));
  const petals = some(30, () => {
    const near = random();
    return {
      x: between(-0.1, 1.1) * width,
      phase: random(),
      size: 4 + near * near * 11,
      falls: near > 0.55 ? 2 : 1,
      drift: between(90, 260),
      spins: Math.floor(between(1, 4)),
      tint: ['#f6a9b8', '#fbd0cf', '#e0829c'][Math.floor(random() * 3)],
    };
  });

  function profileOf(rough) {
    let heights = [between(-0.4, 0.4), between(-1, 1), between(-0.5, 0.5), between(-1, 1), 0];
    for (let reach = rough * 0.7; heights.length < 200; reach *= 0.5) {
      heights = heights.flatMap((level, index) => {
        const next = heights[index + 1];
        return next === undefined ? [level] : [level, (level + next) / 2 + between(-reach, reach)];
      });
    }
    return heights;
  }

  function gradient(top, bottom, stops) {
    const fill = pen.createLinearGradient(0, top, 0, bottom);
    for (const [offset, colour] of stops) fill.addColorStop(offset, colour);
    return fill;
  }

  function drawSky(time) {
    pen.fillStyle = gradient(0, shore, [
      [0, '#110f2c'],
      [0.45, '#2b2464'],
      [0.78, '#6a3f8f'],
      [1, '#d8728f'],
    ]);
    pen.fillRect(0, 0, width, height);
    for (const star of starField) {
      pen.globalAlpha = 0.45 + 0.4 * Math.sin((time * star.cycles + star.phase) * turn);
      pen.fillStyle = '#ffe9d2';
      pen.beginPath();
      pen.arc(star.x, star.y, star.size, 0, turn);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  function drawMoon(time) {
    const breath = 1 + 0.03 * Math.sin(time * turn);
    for (const [scale, alpha] of [
      [2.15, 0.05],
      [1.65, 0.07],
      [1.28, 0.11],
    ]) {
      pen.fillStyle = `rgba(255,217,176,${alpha})`;
      pen.beginPath();
      pen.arc(moon.x, moon.y, moon.radius * scale * breath, 0, turn);
      pen.fill();
    }
    pen.fillStyle = gradient(moon.y - moon.radius, moon.y + moon.radius, [
      [0, '#ffe6c4'],
      [1, '#f3b09a'],
    ]);
    pen.beginPath();
    pen.arc(moon.x, moon.y, moon.radius, 0, turn);
    pen.fill();
  }

  function drawShootingStar(time) {
    const share = (time - 0.56) / 0.07;
    if (share <= 0 || share >= 1) return;
    const [x, y] = [180 + 330 * share, 70 + 120 * share];
    const trail = pen.createLinearGradient(x - 130, y - 47, x, y);
    trail.addColorStop(0, 'rgba(255,233,210,0)');
    trail.addColorStop(1, `rgba(255,233,210,${Math.sin(share * Math.PI)})`);
    pen.strokeStyle = trail;
    pen.lineWidth = 2.4;
    pen.beginPath();
    pen.moveTo(x - 130, y - 47);
    pen.lineTo(x, y);
    pen.stroke();
  }

  function drawRidge({ base, reach, sway, colours, profile }, pan) {
    const margin = 60;
    pen.fillStyle = gradient(base - reach, shore, [
      [0, colours[0]],
      [1, colours[1]],
    ]);
    pen.beginPath();
    pen.moveTo(-margin, shore);
    profile.forEach((level, index) => {
      pen.lineTo(
        -margin + (index / (profile.length - 1)) * (width + 2 * margin) + pan * sway,
        base - level * reach,
      );
    });
    pen.lineTo(width + margin, shore);
    pen.fill();
  }

  function drawLake(time) {
    pen.fillStyle = gradient(shore, height, [
      [0, '#8a5193'],
      [0.35, '#4a3480'],
      [1, '#1b173f'],
    ]);
    pen.fillRect(0, shore, width, height - shore);
    pen.strokeStyle = '#ffd9b0';
    pen.lineCap = 'round';
    pen.lineWidth = 3;
    for (const bar of glitter) {
      const swing = Math.sin((time * bar.cycles + bar.phase) * turn);
      const half = bar.half * (0.75 + 0.25 * swing);
      pen.globalAlpha = 0.5 + 0.15 * swing;
      pen.beginPath();
      pen.moveTo(moon.x + bar.shift - half, bar.y);
      pen.lineTo(moon.x + bar.shift + half, bar.y);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  function drawForest(pan) {
    pen.fillStyle = '#0c0a22';
    pen.beginPath();
    pen.moveTo(0, height);
    pen.lineTo(0, height - 34);
    pen.quadraticCurveTo(width / 2, height + 6, width, height - 34);
    pen.lineTo(width, height);
    pen.fill();
    for (const tree of forest) {
      const [x, half] = [tree.x + pan * 56, tree.tall * 0.24];
      const foot = height + 4;
      pen.beginPath();
      for (const [from, to, wide] of [
        [1, 0.55, 0.6],
        [0.78, 0.3, 0.82],
        [0.52, 0, 1],
      ]) {
        pen.moveTo(x, foot - tree.tall * from);
        pen.lineTo(x + half * wide, foot - tree.tall * to);
        pen.lineTo(x - half * wide, foot - tree.tall * to);
      }
      pen.fill();
    }
  }

  function drawPetals(time, pan) {
    for (const petal of petals) {
      const share = (time * petal.falls + petal.phase) % 1;
      const x =
        petal.x + (share - 0.5) * petal.drift + Math.sin(share * 2 * turn) * 16 + pan * petal.size * 5;
      pen.save();
      pen.translate(x, -40 + share * (height + 80));
      pen.rotate((share * petal.spins + petal.phase) * turn);
      // Flattened in turn, as if it tumbled.
      pen.scale(1, 0.55 + 0.45 * Math.cos(share * petal.spins * 2 * turn));
      pen.fillStyle = petal.tint;
      pen.globalAlpha = 0.92;
      pen.beginPath();
      pen.moveTo(0, petal.size);
      pen.bezierCurveTo(
        petal.size * 0.9,
        petal.size * 0.4,
        petal.size * 0.8,
        -petal.size * 0.8,
        petal.size * 0.25,
        -petal.size,
      );
      pen.lineTo(0, -petal.size * 0.72);
      pen.lineTo(-petal.size * 0.25, -petal.size);
      pen.bezierCurveTo(
        -petal.size * 0.8,
        -petal.size * 0.8,
        -petal.size * 0.9,
        petal.size * 0.4,
        0,
        petal.size,
      );
      pen.fill();
      pen.restore();
    }
  }

  /** `time` from 0 to 1 is the whole film; returns a PNG in base64. */
  window.drawFrame = (time) => {
    const pan = Math.sin(time * turn);
    drawSky(time);
    drawMoon(time);
    drawShootingStar(time);
    for (const ridge of ridges) drawRidge(ridge, pan);
    drawLake(time);
    drawForest(pan);
    drawPetals(time, pan);
    return canvas.toDataURL('image/png').split(',')[1];
  };
}

/** An open A major ninth that swells twice and leaves silence at both ends, where the loop joins. */
function soundFilter() {
  const tones = [
    [110, 0.3],
    [164.81, 0.2],
    [220, 0.16],
    [277.18, 0.1],
    [493.88, 0.04],
  ];
  const channel = (detune) =>
    tones
      .map(
        ([hertz, level], index) => `${level}*sin(2*PI*${hertz * detune}*t)*(0.7+0.3*sin(2*PI*t/6+${index}))`,
      )
      .join('+');
  const { seconds } = film;
  return `aevalsrc=exprs='${channel(0.9993)}|${channel(1.0007)}':s=44100:d=${seconds},volume=0.2,afade=t=in:d=2.5:curve=qsin,afade=t=out:st=${seconds - 3}:d=3:curve=qsin`;
}

function ffmpeg(args, options = {}) {
  return spawn(ffmpegPath, ['-hide_banner', '-loglevel', 'error', '-y', ...args], {
    stdio: [options.input ?? 'ignore', 'inherit', 'inherit'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

async function finished(child) {
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ffmpeg ended with code ${code}; its own message stands above.`);
}

async function renderFrames(chromiumPath, sink) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    // Software drawing: a graphics card's own rounding would change the bytes.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    await page.setContent('<canvas></canvas>');
    await page.evaluate(prepareScene, film);
    const frames = film.fps * film.seconds;
    for (let frame = 0; frame < frames; frame += 1) {
      const png = await page.evaluate((time) => window.drawFrame(time), frame / frames);
      if (!sink.write(Buffer.from(png, 'base64'))) await once(sink, 'drain');
      if (frame % film.fps === 0) process.stdout.write(`\rframe ${frame} of ${frames}`);
    }
    process.stdout.write('\r');
  } finally {
    sink.end();
    await browser.close();
  }
}

async function makeMp4(chromiumPath, file) {
  const encoder = ffmpeg(
    [
      ...['-f', 'image2pipe', '-c:v', 'png', '-framerate', String(film.fps), '-i', '-'],
      ...['-f', 'lavfi', '-i', soundFilter()],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'veryslow',
        '-tune',
        'animation',
        '-crf',
        '24',
        '-pix_fmt',
        'yuv420p',
      ],
      // A fixed number of threads, no matter how many cores: it decides where x264 cuts its work.
      ...['-x264-params', 'threads=2:aq-mode=3:scenecut=0', '-profile:v', 'high', '-level', '4.0'],
      // HLS can only cut at a key frame.
      ...['-g', String(film.fps * film.segmentSeconds)],
      ...[
        '-vf',
        'scale=out_color_matrix=bt709:out_range=tv',
        '-colorspace',
        'bt709',
        '-color_primaries',
        'bt709',
        '-color_trc',
        'bt709',
      ],
      ...['-c:a', 'aac', '-b:a', '64k', '-shortest', '-map_metadata', '-1'],
      ...[
        '-fflags',
        '+bitexact',
        '-flags:v',
        '+bitexact',
        '-flags:a',
        '+bitexact',
        '-movflags',
        '+faststart',
        file,
      ],
    ],
    { input: 'pipe' },
  );
  await Promise.all([finished(encoder), renderFrames(chromiumPath, encoder.stdin)]);
}

async function makeHls(mp4, folder) {
  mkdirSync(folder);
  await finished(
    ffmpeg(
      [
        ...['-i', mp4, '-c', 'copy', '-fflags', '+bitexact', '-f', 'hls'],
        ...[
          '-hls_time',
          String(film.segmentSeconds),
          '-hls_playlist_type',
          'vod',
          '-hls_flags',
          'independent_segments',
        ],
        ...['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4'],
        ...['-hls_segment_filename', 'segment-%d.m4s', 'index.m3u8'],
      ],
      { cwd: folder },
    ),
  );
}

function bytesIn(folder) {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function checkedSize(what, bytes, most) {
  if (bytes > most)
    throw new Error(`${what} has ${bytes} bytes; more than ${most} is too much to commit. Raise -crf.`);
  console.log(`${what}: ${Math.round(bytes / 1000)} kB`);
}

async function main() {
  if (process.argv.includes('--help')) {
    process.stdout.write(help);
    return;
  }
  const chromiumPath = findChromium();
  const missing = missingTools(chromiumPath);
  if (missing.length > 0) {
    console.error(missing.join('\n'));
    process.exitCode = 1;
    return;
  }
  mkdirSync(media, { recursive: true });
  // Beside the target, so that a rename can put the finished files in place.
  const workshop = mkdtempSync(join(media, '.clip-'));
  try {
    const [mp4, hls] = [join(workshop, 'clip.mp4'), join(workshop, 'clip')];
    await makeMp4(chromiumPath, mp4);
    await makeHls(mp4, hls);
    checkedSize('public/media/clip.mp4', statSync(mp4).size, maxMp4Bytes);
    checkedSize('public/media/clip/', bytesIn(hls), maxHlsBytes);
    rmSync(join(media, 'clip'), { recursive: true, force: true });
    renameSync(hls, join(media, 'clip'));
    renameSync(mp4, join(media, 'clip.mp4'));
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

await main();
