import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../support/app';
import { type Agent, fieldsOf } from '../support/html-form';
import { sendLogin } from '../support/login';
import { imageErrorAt, photo, sendWithFile } from '../support/picture-form';

const ada = { email: 'ada@example.org', password: 'correct horse battery' };

let site: TestApp;
let agent: Agent;

beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ada.email, ada.password);
  agent = request.agent(site.app);
  await sendLogin(agent, ada).expect(303);
});
afterAll(() => site?.close());

describe('a form with a picture', () => {
  test('a file that is no image, named .jpg: the field says so, and all else is kept', async () => {
    const bytes = Buffer.from('#!/bin/sh\necho hello');
    const fields = { title: 'Kept', synopsis: 'Typed', kind: 'tv' };
    const answer = await sendWithFile(agent, '/admin/series/new', fields, { name: 'posterFile', bytes });
    expect(answer.status).toBe(422);
    expect(imageErrorAt(answer.text, 'poster')).toBe(
      'Is no picture. Choose a JPEG, PNG, WebP, AVIF or GIF file.',
    );
    expect(fieldsOf(answer.text, '/admin/series/new')).toMatchObject({ ...fields, poster: '' });
  });

  test('keeps it when another field is refused', async () => {
    const answer = await sendWithFile(
      agent,
      '/admin/series/new',
      { title: '', kind: 'tv' },
      { name: 'posterFile', bytes: await photo(420, 600) },
    );
    expect(answer.status).toBe(422);
    const fields = fieldsOf(answer.text, '/admin/series/new');
    expect(fields.poster).toMatch(/^[0-9a-f]{24}$/);
    expect(answer.text).toContain(`src="/images/${fields.poster}-240.webp"`);
    await sendWithFile(agent, '/admin/series/new', {
      ...fields,
      title: 'Now it has one',
      visible: '1',
    }).expect(303);
    const named = site.database.db('series').where({ title: 'Now it has one' }).pluck('poster_image');
    expect(await named).toEqual([fields.poster]);
  });

  test('of another site is not read', async () => {
    const answer = await agent
      .post('/admin/images')
      .set('Sec-Fetch-Site', 'cross-site')
      .attach('posterFile', await photo(440, 600), 'picture.jpg');
    expect(answer.status).toBe(403);
  });

  test('names none that is not kept', async () => {
    const answer = await sendWithFile(agent, '/admin/series/new', { title: 'Other', poster: 'f'.repeat(24) });
    expect(answer.status).toBe(422);
    expect(imageErrorAt(answer.text, 'poster')).toContain('Is no longer kept.');
  });
});

test.each([
  '/images/..%2f..%2fsession-secret',
  '/images/0123456789abcdef01234567.original',
  '/images/0123456789abcdef01234567-240.webp',
  '/images/',
])('there is nothing at %s', async (address) => {
  await request(site.app).get(address).expect(404);
});
