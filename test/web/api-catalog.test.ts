import { createApiToken } from '../../src/features/accounts/api-tokens';
import { readPublicity } from '../../src/features/episodes/publicity';
import { apiOf } from '../support/api';
import { createTestApp, type TestApp } from '../support/app';
import { playable } from '../support/catalog';

let site: TestApp;
let token: string;
beforeAll(async () => {
  site = await createTestApp();
  token = await createApiToken(site.database.db, 'test');
});
afterAll(() => site.close());

const api = apiOf(
  () => site,
  () => token,
);

async function newSeries(title: string, more: object = {}): Promise<string> {
  return (await api.post('/series', { title, ...more }).expect(201)).body.id;
}

/** How far journal and live log have come. */
async function heads(): Promise<unknown> {
  const { rows } = await site.database.db.raw(
    'select (select count(*) from journal) as journal, (select seq from live_head) as log',
  );
  return rows[0];
}

describe('a key', () => {
  test('names a series by id, slug and external id, and an episode by id, external id and place', async () => {
    const id = await newSeries('Keyed', { externalId: 'shop/7 ü' });
    const external = `external:${encodeURIComponent('shop/7 ü')}`;
    for (const key of [id, 'slug:keyed', external])
      expect((await api.get(`/series/${key}`).expect(200)).body.id).toBe(id);
    const { body } = await api
      .post('/episodes', { seriesId: id, number: 1.5, kind: 'special', externalId: 'e-1' })
      .expect(201);
    for (const path of [
      `/episodes/${body.id}`,
      '/episodes/external:e-1',
      `/series/${external}/specials/01.50`,
    ])
      expect((await api.get(path).expect(200)).body.id).toBe(body.id);
    for (const path of [
      '/series/keyed',
      '/series/slug:',
      '/series/external:',
      '/episodes/slug:keyed',
      `/series/${id}/episodes/x`,
    ])
      await api.get(path).expect(404);
  });
});

describe('PUT', () => {
  test('creates, changes, and leaves what is the same already', async () => {
    const series = await api.put('/series/slug:put', { title: 'Put' }).expect(201);
    expect(series.headers.location).toBe(`/api/v1/series/${series.body.id}`);
    expect(series.body).toMatchObject({ slug: 'put', version: 1 });
    const body = { status: 'published', videoServers: [playable] };
    const { headers } = await api.put('/series/slug:put/episodes/1', body).expect(201);
    const before = await heads();
    await api.put('/series/slug:put', { title: 'Put' }).expect(200);
    const same = await api.put('/series/slug:put/episodes/1.00', { number: '1', ...body }).expect(200);
    expect(same.headers.etag).toBe(headers.etag);
    expect(await heads()).toEqual(before);
    const changed = await api.put('/series/slug:put/episodes/1', { ...body, title: 'T' }).expect(200);
    expect(changed.body).toMatchObject({ version: 2, videoServers: same.body.videoServers });
    // What a PUT does not say, has its first value again.
    expect((await api.put('/series/slug:put/episodes/1', {}).expect(200)).body).toMatchObject({
      title: '',
      status: 'draft',
      videoServers: [],
    });
  });

  test('takes what GET returns, and tells when that is of something else', async () => {
    const id = await newSeries('Sent back', { genres: ['drama'], titleNative: '送' });
    const { body: episode } = await api
      .post('/episodes', { seriesId: id, number: 1, externalId: 'back-1', videoServers: [playable] })
      .expect(201);
    const { body: series } = await api.get(`/series/${id}`);
    const before = await heads();
    await api.put(`/series/${id}`, series).expect(200);
    await api.patch(`/series/${id}`, series).expect(200);
    for (const path of [`/episodes/${episode.id}`, '/episodes/external:back-1', `/series/${id}/episodes/1`])
      expect((await api.put(path, episode).expect(200)).body).toEqual(episode);
    expect((await api.patch(`/episodes/${episode.id}`, episode).expect(200)).body).toEqual(episode);
    expect(await heads()).toEqual(before);

    const { body: other } = await api.post('/episodes', { seriesId: id, number: 2 }).expect(201);
    expect((await api.put(`/episodes/${other.id}`, episode).expect(422)).body.errors).toMatchObject([
      { field: 'id' },
    ]);
    const { id: _, version, ...rest } = episode;
    await api.put(`/series/${id}/episodes/2`, rest).expect(422);
    await api.put(`/episodes/${episode.id}`, { ...rest, seriesId: '999999' }).expect(422);
    await api.put(`/series/slug:another`, series).expect(422);
    await api.put(`/episodes/${episode.id}`, { ...rest, version: version + 1 }).expect(409);
    // What follows from the rest may be something else by now.
    await api.put(`/episodes/${episode.id}`, { ...rest, url: '/former', public: true }).expect(200);
  });

  test('creates only, or changes only, where a condition says so', async () => {
    const only = (path: string, name: string, value: string) =>
      api.put(path, { title: 'Only' }).set(name, value);
    await only('/series/slug:only', 'If-Match', '*').expect(412);
    await only('/series/slug:only', 'If-None-Match', '*').expect(201);
    await only('/series/slug:only', 'If-None-Match', '*').expect(412);
    await only('/series/slug:only', 'If-Match', '*').expect(200);
    await only('/series/slug:only', 'If-None-Match', '"1"').expect(400);
    await api.put('/series/slug:only/episodes/1', {}).set('If-Match', '*').expect(412);
    await api.put('/series/slug:only/episodes/1', {}).set('If-None-Match', '*').expect(201);
  });

  test('of several at once makes one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => api.put('/series/external:race', { title: 'Race' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    const episodes = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        api.put('/series/external:race/episodes/1', { title: `T${index}` }),
      ),
    );
    expect(episodes.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(new Set(episodes.map(({ body }) => body.id)).size).toBe(1);
    expect((await api.get('/series/external:race/episodes/1')).body.version).toBe(6);
  });

  test('keeps the servers of an episode, whatever ids they have elsewhere', async () => {
    const id = await newSeries('Servers');
    const [a, b] = ['a', 'b'].map((name) => ({
      ...playable,
      name,
      url: `https://video.example/${name}.mp4`,
    }));
    const { body } = await api.put(`/series/${id}/episodes/1`, { videoServers: [a, b] }).expect(201);
    const [first, second] = body.videoServers;
    // As another site has them, whose ids are one behind.
    const shifted = [
      { ...a, id: '999' },
      { ...b, id: first.id },
    ];
    const again = await api.put(`/series/${id}/episodes/1`, { videoServers: shifted }).expect(200);
    expect(again.body.videoServers).toEqual([first, second]);
    expect(again.body.version).toBe(1);
  });
});

describe('what was changed since a time', () => {
  /** Everything of the list, page by page. */
  async function follow(
    path: string,
  ): Promise<{ ids: string[]; until: string; data: { deletedAt: string | null }[] }> {
    const data: { id: string; deletedAt: string | null }[] = [];
    let until = '';
    for (let after = ''; ; ) {
      const { body } = await api.get(`${path}&limit=2${after}`).expect(200);
      data.push(...body.data);
      until ||= body.until;
      expect(body.until).toBe(until);
      if (body.next === null) return { ids: data.map(({ id }) => id), until, data };
      after = `&after=${body.next}`;
    }
  }

  test('is read in the order of the changes, page by page, and with the deleted when they are asked for', async () => {
    const seriesId = await newSeries('Changes');
    const ids: string[] = [];
    for (const number of [1, 2, 3, 4, 5])
      ids.push((await api.post('/episodes', { seriesId, number }).expect(201)).body.id);
    const all = `/episodes?seriesId=${seriesId}&updatedSince=2020-01-01T00:00:00Z`;
    expect((await follow(all)).ids).toEqual(ids);
    const { until } = await follow(all);
    await api.patch(`/episodes/${ids[1]}`, { title: 'Edited' }).expect(200);
    await api.delete(`/episodes/${ids[3]}`).expect(204);
    const since = `/episodes?seriesId=${seriesId}&updatedSince=${until}`;
    expect((await follow(since)).ids).toEqual([ids[1]]);
    const withDeleted = await follow(`${since}&deleted=include`);
    expect(withDeleted.ids).toEqual([ids[1], ids[3]]);
    expect(withDeleted.data.map(({ deletedAt }) => deletedAt !== null)).toEqual([false, true]);
    expect((await follow(`${since}&deleted=only`)).ids).toEqual([ids[3]]);
    expect(
      (await api.get(`/episodes?seriesId=${seriesId}&deleted=only`).expect(200)).body.data,
    ).toMatchObject([{ id: ids[3], public: { is: false, why: ['deleted', 'not-published', 'no-server'] } }]);
  });

  test('ends before what is just being written', async () => {
    const seriesId = await newSeries('Under way');
    const { body: written } = await api.post('/episodes', { seriesId, number: 1 }).expect(201);
    const path = `/episodes?seriesId=${seriesId}&updatedSince=2020-01-01T00:00:00Z`;
    const writing = await site.database.db.transaction();
    await writing('episodes')
      .where({ id: written.id })
      .update({ title: 'Late', updated_at: writing.fn.now(3) });
    const { body: early } = await api.post('/episodes', { seriesId, number: 2 }).expect(201);
    const { ids, until } = await follow(path);
    expect(ids).toEqual([written.id, early.id]);
    await writing.commit();
    const next = await follow(path.replace('2020-01-01T00:00:00Z', until));
    // That it was changed before the other one is no reason to miss it.
    expect(next.ids[0]).toBe(written.id);
    expect(next.data[0]).toMatchObject({ title: 'Late' });
  });

  test.each(['x', '1', '1.2', '1.2.3.4', '1.0.1', '999999999999999.1.1', `${'1'.repeat(61)}`])(
    'does not go on from %s',
    async (after) => {
      const { body } = await api.get(`/series?updatedSince=2020-01-01T00:00:00Z&after=${after}`).expect(400);
      expect(body.errors).toMatchObject([{ field: 'after' }]);
    },
  );
});

test('says whether an episode is public and every reason why not, as the view has it', async () => {
  const ids: string[] = [];
  for (const visible of [true, false]) {
    const seriesId = await newSeries(`Public ${visible}`, { visible });
    let number = 0;
    for (const status of ['draft', 'hidden', 'published'])
      for (const enabled of [true, false])
        for (const isDeleted of [true, false]) {
          const videoServers = [{ ...playable, enabled }];
          const path = `/series/${seriesId}/episodes/${++number}`;
          const { body } = await api.put(path, { status, videoServers }).expect(201);
          if (isDeleted) await api.delete(`/episodes/${body.id}`).expect(204);
          const why = [
            ...(isDeleted ? ['deleted'] : []),
            ...(status === 'published' ? [] : ['not-published']),
            ...(visible ? [] : ['series-hidden']),
            ...(enabled ? [] : ['no-server']),
          ];
          const publicity = await readPublicity(site.database.db, [body.id]);
          expect(publicity.get(body.id)).toEqual({ is: why.length === 0, why });
          ids.push(body.id);
        }
  }
  const rows = await site.database.db('public_episodes').select('episode_id').whereIn('episode_id', ids);
  const all = await readPublicity(site.database.db, ids);
  expect(rows.map(({ episode_id }) => episode_id)).toEqual(ids.filter((id) => all.get(id)?.is));
  expect((await api.get('/series/slug:public-false')).body.public).toEqual({ is: false, why: ['hidden'] });
});

describe('many at once', () => {
  const item = (series: string, number: number, more: object = {}) => ({
    series,
    number,
    status: 'published',
    videoServers: [playable],
    ...more,
  });

  test('are saved, and what can’t be saved stops no other', async () => {
    const id = await newSeries('Bulk', { externalId: 'bulk' });
    await api.put('/series/external:bulk/episodes/1', { title: 'Old' }).expect(201);
    await api.put('/series/external:bulk/episodes/9', { externalId: 'nine' }).expect(201);
    const episodes = [
      item('external:bulk', 1),
      item('slug:bulk', 2),
      { ...item(id, 3), number: 'x' },
      item('external:nobody', 4),
      item(id, 2),
      item(id, 5, { externalId: 'nine' }),
      item(id, 6, { status: 'scheduled' }),
      { number: 7 },
    ];
    const { body } = await api.post('/episodes/bulk', { episodes }).expect(200);
    expect(body.data).toMatchObject([
      { index: 0, outcome: 'changed', version: 2 },
      { index: 1, outcome: 'created', version: 1 },
      { index: 2, outcome: 'refused', status: 422, errors: [{ field: 'number' }] },
      { index: 3, outcome: 'refused', status: 422, errors: [{ field: 'series' }] },
      { index: 4, outcome: 'refused', status: 422, errors: [{ field: 'number' }] },
      // It was found by its external id, and has another number now.
      { index: 5, outcome: 'changed', version: 2 },
      { index: 6, outcome: 'refused', status: 422, errors: [{ field: 'publishAt' }] },
      { index: 7, outcome: 'refused', status: 422, errors: [{ field: 'series' }] },
    ]);
    await api.get(`/series/${id}/episodes/9`).expect(404);
    // A number that another one has is refused when it is written: the others are there all the same.
    const taken = [item(id, 1, { externalId: 'nine' }), item(id, 10)];
    expect((await api.post('/episodes/bulk', { episodes: taken }).expect(200)).body.data).toMatchObject([
      { outcome: 'refused', status: 409, errors: [{ field: 'number' }] },
      { outcome: 'created' },
    ]);
    const before = await heads();
    const again = await api.post('/episodes/bulk', { episodes: [item(id, 1), item(id, 2), item(id, 10)] });
    expect(again.body.data.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
      Array(3).fill('unchanged'),
    );
    expect(await heads()).toEqual(before);
  });

  test('are told to viewers like those that are posted one by one', async () => {
    const id = await newSeries('Told');
    const logged = async () => Number((await site.database.db('live_head').select('seq').first()).seq);
    const first = await logged();
    await api.put(`/series/${id}/episodes/999`, item(id, 999)).expect(422);
    const { series: _, ...one } = item(id, 999);
    await api.put(`/series/${id}/episodes/999`, one).expect(201);
    const before = await logged();
    const episodes = Array.from({ length: 120 }, (_, index) => item(id, index + 1));
    const { body } = await api.post('/episodes/bulk', { episodes }).expect(200);
    expect(body.data.every(({ outcome }: { outcome: string }) => outcome === 'created')).toBe(true);
    expect(((await logged()) - before) / (before - first)).toBe(120);
    const entries = await site.database
      .db('journal')
      .where({ action: 'episode.create', subject_label: 'Episode 120 of “Told”' });
    expect(entries).toHaveLength(1);
    const long = Array.from({ length: 100 }, (_, index) =>
      item(id, index + 1, { synopsis: 'x'.repeat(9_000) }),
    );
    await api.post('/episodes/bulk', { episodes: long }).expect(200);
    await api.post('/episodes/bulk', { episodes: Array(201).fill(item(id, 1)) }).expect(422);
  });
});

test('what was deleted comes back, with another number where its own was given away', async () => {
  const id = await newSeries('Back');
  const { body } = await api.put(`/series/${id}/episodes/1`, { externalId: 'back' }).expect(201);
  await api.delete('/episodes/external:back').expect(204);
  expect((await api.post('/episodes/external:back/restore').expect(200)).body).toMatchObject({
    id: body.id,
    deletedAt: null,
  });
  await api.delete(`/episodes/${body.id}`).expect(204);
  await api.put(`/series/${id}/episodes/1`, {}).expect(201);
  await api.post(`/episodes/${body.id}/restore`).expect(409);
  const back = await api.post(`/episodes/${body.id}/restore`, { number: 2 }).expect(200);
  expect(back.body).toMatchObject({ number: 2, externalId: 'back' });
});
