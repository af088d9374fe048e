import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createFolderStore } from '../../src/features/images/folder-store';
import { imageJobs } from '../../src/features/images/jobs';
import { Workshop } from '../../src/features/images/workshop';
import { createTestApp, type TestApp } from '../support/app';
import { startBucket } from '../support/bucket';
import { newEpisode, newSeries } from '../support/catalog';
import { type Agent, type Fields, fieldsOf } from '../support/html-form';
import { sendLogin } from '../support/login';
import { imageErrorAt, photo, sendWithFile } from '../support/picture-form';

const ada = { email: 'ada@example.org', password: 'correct horse battery' };

let site: TestApp;
let folder: string;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nipnime-images-'));
  site = await createTestApp({ DATA_DIR: folder });
  await createAdmin(site.database.db, ada.email, ada.password);
  agent = request.agent(site.app);
  await sendLogin(agent, ada).expect(303);
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true });
});

/** What the jobs would do that were asked for. */
async function doJobs(): Promise<void> {
  const images = {
    db: site.database.db,
    store: createFolderStore(join(folder, 'images')),
    workshop: new Workshop(),
  };
  const { rows } = await site.database.db.raw<{ rows: { payload: unknown }[] }>(
    `delete from graphile_worker._private_jobs returning payload`,
  );
  for (const { payload } of rows)
    await imageJobs(images, site.catalog)['encode-image']?.run(payload, {
      isLast: false,
      signal: new AbortController().signal,
    });
}

async function formOf(address: string): Promise<Fields> {
  const { text } = await agent.get(`${address}/edit`).expect(200);
  return fieldsOf(text, address);
}

describe('the poster of a series', () => {
  test('is on the site when its files are made, in three widths and two formats, without what the camera wrote', async () => {
    const series = await newSeries(site.catalog, { title: 'Poster' });
    const address = `/admin/series/${series.id}`;
    const page = `/series/${series.slug}`;
    const fields = await formOf(address);
    // Lies on its side, as cameras hold it.
    const bytes = await photo(1_800, 1_200, 6);
    await sendWithFile(
      agent,
      address,
      { ...fields, synopsis: 'Typed' },
      { name: 'posterFile', bytes },
    ).expect(303);
    const saved = await formOf(address);
    expect(saved.synopsis).toBe('Typed');
    expect(saved.poster).toMatch(/^[0-9a-f]{24}$/);
    expect((await agent.get(page)).text).toMatch(/class="series__image" src="\/art\//);
    // The form shows it at once.
    await agent.get(`/images/${saved.poster}-240.webp`).expect(200).expect('Content-Type', 'image/webp');

    await doJobs();
    const { text } = await agent.get(page);
    expect(text).toContain(`<source type="image/avif" srcset="/images/${saved.poster}-240.avif 240w,`);
    expect(text).toMatch(/<svg class="picture-back" color="#[0-9a-f]{6}"><\/svg>/);
    expect(text).toContain(`property="og:image" content="http`);
    for (const [width, height] of [
      [240, 360],
      [480, 720],
      [960, 1_440],
    ])
      for (const format of ['avif', 'webp']) {
        const file = await agent
          .get(`/images/${saved.poster}-${width}.${format}`)
          .buffer(true)
          .expect(200)
          .expect('Content-Type', `image/${format}`)
          .expect('Cache-Control', 'public, max-age=31536000, immutable');
        const found = await sharp(file.body).metadata();
        expect([found.width, found.height]).toEqual([width, height]);
        expect([found.exif, found.icc, found.xmp, found.orientation ?? 1]).toEqual([
          undefined,
          undefined,
          undefined,
          1,
        ]);
      }
    const kept = (await readdir(join(folder, 'images', saved.poster?.slice(0, 2) ?? ''))).sort();
    expect(kept).toHaveLength(6);
  });

  test('goes when it is removed, and comes back from the journal', async () => {
    const series = await newSeries(site.catalog, { title: 'Removed' });
    const address = `/admin/series/${series.id}`;
    const bytes = await photo(600, 900);
    await sendWithFile(agent, address, await formOf(address), { name: 'posterFile', bytes }).expect(303);
    await doJobs();
    const shown = await formOf(address);
    await sendWithFile(agent, address, { ...shown, posterRemoved: '1' }).expect(303);
    expect((await formOf(address)).poster).toBe('');
    expect((await agent.get(`/series/${series.slug}`)).text).toMatch(/series__image" src="\/art\//);

    const { text } = await agent.get(`/admin/journal?subject=series:${series.id}`);
    expect(text).toContain(`picture ${shown.poster?.slice(0, 6)}`);
    const [, revert = ''] = /action="(\/admin\/journal\/[0-9]+\/revert)"/.exec(text) ?? [];
    await agent.post(revert).set('Sec-Fetch-Site', 'same-origin').expect(303);
    expect((await agent.get(`/series/${series.slug}`)).text).toContain(`/images/${shown.poster}-480.avif`);
  });
});

describe('the still of an episode', () => {
  test('changes the cards of open pages by itself when its files are made', async () => {
    const series = await newSeries(site.catalog, { title: 'Still' });
    const episode = await newEpisode(site.catalog, series.id);
    const address = `/admin/episodes/${episode.id}`;
    const bytes = await photo(1_600, 900);
    await sendWithFile(agent, address, await formOf(address), { name: 'stillFile', bytes }).expect(303);
    const before = await site.database.db('live_log').max('seq as seq').first();
    await doJobs();
    const changes = await site.database.db('live_log').where('seq', '>', before?.seq).select('topics');
    expect(changes).toHaveLength(1);
    const { text } = await agent.get('/episodes/latest');
    const { still } = await formOf(address);
    expect(text).toContain(`/images/${still}-320.avif 320w,/images/${still}-640.avif 640w`);
    expect(text).not.toContain('.webp#');
  });

  test('is kept while the rows of the form are changed without JavaScript', async () => {
    const series = await newSeries(site.catalog, { title: 'Rows' });
    const address = `/admin/series/${series.id}/episodes`;
    const { text } = await agent.get(`${address}/new`);
    const bytes = await photo(640, 360);
    const answer = await sendWithFile(
      agent,
      address,
      { ...fieldsOf(text, address), action: 'add-server' },
      { name: 'stillFile', bytes },
    ).expect(200);
    const next = fieldsOf(answer.text, address);
    expect(next.still).toMatch(/^[0-9a-f]{24}$/);
    expect(next['videoServers[1][url]']).toBe('');
  });
});

describe('a file that can not be taken', () => {
  const wrong: readonly (readonly [string, () => Promise<Buffer> | Buffer, string])[] = [
    ['is an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'Is no picture.'],
    ['ends in the middle', async () => (await photo(900, 1_200)).subarray(0, 4_000), 'Is damaged'],
    ['is larger than 10 MB', () => Buffer.alloc(10 * 1_024 * 1_024 + 1, 0xff), 'Is larger than 10 MB.'],
    [
      'has more pixels than memory should hold',
      () =>
        sharp({ create: { width: 8_000, height: 6_000, channels: 3, background: '#000' } })
          .png()
          .toBuffer(),
      'Has more than 40 megapixels.',
    ],
    ['is too small', () => photo(100, 100), 'Is too small: it needs at least 240 × 360 pixels.'],
  ];

  test.each(wrong)('%s: the field says so, and all else is kept', async (_what, bytes, message) => {
    const answer = await sendWithFile(
      agent,
      '/admin/series/new',
      { title: 'Kept', synopsis: 'Typed', kind: 'tv' },
      { name: 'posterFile', bytes: await bytes() },
    );
    expect(answer.status).toBe(422);
    expect(imageErrorAt(answer.text, 'poster')).toContain(message);
    expect(fieldsOf(answer.text, '/admin/series/new')).toMatchObject({
      title: 'Kept',
      synopsis: 'Typed',
      poster: '',
    });
  });

  test('leaves the picture that is there', async () => {
    const series = await newSeries(site.catalog, { title: 'Stays' });
    const address = `/admin/series/${series.id}`;
    await sendWithFile(agent, address, await formOf(address), {
      name: 'posterFile',
      bytes: await photo(400, 600),
    }).expect(303);
    const fields = await formOf(address);
    const answer = await sendWithFile(agent, address, fields, {
      name: 'posterFile',
      bytes: Buffer.from('no'),
    });
    expect(answer.status).toBe(422);
    expect(fieldsOf(answer.text, address).poster).toBe(fields.poster);
  });

  test('is told of to a script ahead of the form', async () => {
    const taken = await sendWithFile(
      agent,
      '/admin/images',
      {},
      { name: 'posterFile', bytes: await photo(410, 600) },
    );
    expect([taken.status, taken.body.name]).toEqual([201, expect.stringMatching(/^[0-9a-f]{24}$/)]);
    const refused = await sendWithFile(
      agent,
      '/admin/images',
      {},
      { name: 'posterFile', bytes: Buffer.from('no') },
    );
    expect([refused.status, refused.body.message]).toEqual([422, expect.stringMatching(/^Is no picture/)]);
    await sendWithFile(agent, '/admin/images', {}).expect(422);
  });
});

describe('a form with a picture', () => {
  test('is kept through the log-in without the picture, and says so then', async () => {
    const series = await newSeries(site.catalog, { title: 'Logged out' });
    const address = `/admin/series/${series.id}`;
    const fields = { ...(await formOf(address)), synopsis: 'Typed' };
    await site.database.db('admin_sessions').delete();
    const refused = await sendWithFile(agent, address, fields, {
      name: 'posterFile',
      bytes: await photo(430, 600),
    });
    expect(refused.status).toBe(403);
    const kept = { ...fieldsOf(refused.text, '/admin/login'), ...ada };
    await sendWithFile(agent, '/admin/login', kept).expect(307);
    const again = await sendWithFile(agent, address, kept);
    expect(again.status).toBe(422);
    expect(imageErrorAt(again.text, 'poster')).toContain('you were logged out');
    expect(fieldsOf(again.text, address)).toMatchObject({ synopsis: 'Typed', poster: '' });
  });
});

describe('with a bucket', () => {
  test('pictures are in it, and the site serves them from there; without it, the form says so and keeps all else', async () => {
    const bucket = await startBucket();
    const STORAGE_URL = `s3+${bucket.url.replace('//', `//${bucket.key}:${encodeURIComponent(bucket.secret)}@`)}`;
    const other = await createTestApp({ STORAGE_URL });
    try {
      await createAdmin(other.database.db, ada.email, ada.password);
      const admin = request.agent(other.app);
      await sendLogin(admin, ada).expect(303);
      const file = { name: 'posterFile', bytes: await photo(480, 720) };
      const saved = await sendWithFile(
        admin,
        '/admin/series/new',
        { title: 'In a bucket', kind: 'tv' },
        file,
      );
      expect(saved.status).toBe(303);
      const [name] = await other.database.db('series').pluck('poster_image');
      expect([...bucket.files.keys()].sort()).toEqual([
        `/bucket/${name}-240.webp`,
        `/bucket/${name}.original`,
      ]);
      await admin.get(`/images/${name}-240.webp`).expect(200).expect('Content-Type', 'image/webp');

      bucket.failures = [500, 500];
      const next = { ...file, bytes: await photo(490, 720) };
      const refused = await sendWithFile(
        admin,
        '/admin/series/new',
        { title: 'Not in it', kind: 'tv' },
        next,
      );
      expect(refused.status).toBe(422);
      expect(fieldsOf(refused.text, '/admin/series/new').title).toBe('Not in it');
      expect(imageErrorAt(refused.text, 'poster')).toContain('Could not be kept just now.');
    } finally {
      await other.close();
      bucket.close();
    }
  });
});
