import sharp from 'sharp';
import request from 'supertest';
import { Previews } from '../../../src/features/artwork/previews';
import { previewUrl } from '../../../src/features/artwork/public';
import { createTestApp, type TestApp } from '../../support/app';

const KEY = '0123456789ab';

describe('of the site', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  test.each([previewUrl({ title: 'Frieren' }), previewUrl({ title: 'Frieren', take: 'regular-12.5' })])(
    '%s is a PNG of the size that other sites ask for, for them to show, for good',
    async (url) => {
      const { body, headers } = await request(app.app).get(url).expect(200);
      expect(headers).toMatchObject({
        'content-type': 'image/png',
        'cache-control': 'public, max-age=31536000, immutable',
        'cross-origin-resource-policy': 'cross-origin',
      });
      expect(await sharp(body).metadata()).toMatchObject({ format: 'png', width: 1200, height: 630 });
      expect(body.length).toBeLessThan(300_000);
      await request(app.app).get(url).set('If-None-Match', String(headers.etag)).expect(304);
    },
  );

  test.each(['x', `${KEY}/regular-012`, `${KEY}/movie-1`, `${KEY}/regular-1/more`])(
    'there is none at %s.png',
    async (path) => {
      await request(app.app).get(`/art/1/previews/${path}.png`).expect(404);
    },
  );
});

/** Previews whose drawings end when the test says so. */
function startPreviews() {
  const drawings: ((png: Buffer | Error) => void)[] = [];
  const previews = new Previews(
    () =>
      new Promise((resolve, reject) => {
        drawings.push((png) => (png instanceof Error ? reject(png) : resolve(png)));
      }),
  );
  return { previews, drawings };
}

test('one is drawn at a time, once for all who wait for it, and kept', async () => {
  const { previews, drawings } = startPreviews();
  const asked = [previews.get(KEY, undefined), previews.get(KEY, undefined), previews.get(KEY, 'regular-1')];
  await Promise.resolve();
  expect(drawings).toHaveLength(1);
  drawings[0]?.(Buffer.from('first'));
  expect(await asked[0]).toEqual(await asked[1]);
  expect(drawings).toHaveLength(2);
  drawings[1]?.(Buffer.from('second'));
  expect(String(await asked[2])).toBe('second');
  expect(String(await previews.get(KEY, undefined))).toBe('first');
  expect(drawings).toHaveLength(2);
});

test('what could not be drawn holds nobody else up, and is tried again', async () => {
  const { previews, drawings } = startPreviews();
  const [broken, next] = [previews.get(KEY, undefined), previews.get(KEY, 'regular-1')];
  await Promise.resolve();
  drawings[0]?.(new Error('no memory'));
  await expect(broken).rejects.toThrow('no memory');
  drawings[1]?.(Buffer.from('next'));
  expect(String(await next)).toBe('next');
  const again = previews.get(KEY, undefined);
  await Promise.resolve();
  drawings[2]?.(Buffer.from('again'));
  expect(String(await again)).toBe('again');
});

test('few may wait; whoever comes then is sent away', async () => {
  const { previews, drawings } = startPreviews();
  const waiting = Array.from({ length: 9 }, (_, index) => previews.get(KEY, `regular-${index}`));
  expect(await previews.get(KEY, 'regular-9')).toBeUndefined();
  for (const [index, asked] of waiting.entries()) {
    await Promise.resolve();
    drawings[index]?.(Buffer.from('x'));
    await asked;
  }
  expect(drawings).toHaveLength(9);
});

test('no more bytes are kept than may be', async () => {
  const previews = new Previews(async () => Buffer.alloc(3_000_000));
  for (let number = 1; number <= 4; number++) await previews.get(KEY, `regular-${number}`);
  expect(previews.heldBytes).toBeLessThanOrEqual(8 * 1_024 * 1_024);
  expect(previews.heldBytes).toBeGreaterThan(6_000_000);
});
