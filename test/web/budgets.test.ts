import { join } from 'node:path/posix';
import request from 'supertest';
import { createTestApp, type TestApp } from '../support/app';

/** Bytes that go over the wire, compressed by brotli. */
const JAVASCRIPT_BUDGET = 14 * 1_024;
const CSS_BUDGET = 12 * 1_024;
/** As it is: a font is compressed already. */
const FONT_BUDGET = 26 * 1_024;

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp();
});
afterAll(() => site.close());

async function read(address: string): Promise<{ readonly text: string; readonly bytes: number }> {
  let bytes = 0;
  const { text } = await request(site.app)
    .get(address)
    .set('Accept-Encoding', 'br')
    .buffer(true)
    .expect(200)
    .expect((answer) => {
      bytes = Number(answer.headers['content-length']);
      expect(answer.headers['content-encoding']).toBe('br');
    });
  return { text, bytes };
}

/** The scripts that a browser loads for a page without being asked by anybody: those named by it, and what they import. */
async function scriptBytes(page: string): Promise<number> {
  const waiting = [...page.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, src = '']) => src);
  const seen = new Set<string>();
  let total = 0;
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (seen.has(address)) continue;
    seen.add(address);
    const { text, bytes } = await read(address);
    total += bytes;
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g))
      waiting.push(join(address, '..', path));
  }
  expect(seen.size).toBeGreaterThan(1);
  return total;
}

test('the page of the latest episodes is light', async () => {
  const { text: page } = await request(site.app).get('/episodes/latest').expect(200);
  expect(await scriptBytes(page)).toBeLessThanOrEqual(JAVASCRIPT_BUDGET);
  const sheets = [...page.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href = '']) => href);
  expect(sheets.length).toBeGreaterThan(0);
  let css = 0;
  for (const sheet of sheets) css += (await read(sheet)).bytes;
  expect(css).toBeLessThanOrEqual(CSS_BUDGET);
  const fonts = [...page.matchAll(/<link rel="preload" href="([^"]+)" as="font"/g)].map(
    ([, href = '']) => href,
  );
  expect(fonts).toHaveLength(1);
  const { headers } = await request(site.app)
    .get(fonts[0] ?? '')
    .expect(200);
  expect(Number(headers['content-length'])).toBeLessThanOrEqual(FONT_BUDGET);
});
