import { createLiveLog, readHead } from '../../../src/live/log/live-log';
import { migrate } from '../../../src/platform/database';
import { newEpisode, newSeries, playable, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const LOCAL = { ...playable, url: 'http://localhost:8080/1.mp4' };

test('addresses of this machine pass, titles are composed, long language tags are cut, and viewers read again', async () => {
  const { db } = database;
  await db.migrate.down({ name: '0004_text_rules' });
  const catalog = testCatalog(db);
  const series = await newSeries(catalog, { title: 'Old' });
  await expect(newEpisode(catalog, series.id, { videoServers: [LOCAL] })).rejects.toThrow('_url_check');
  const episode = await newEpisode(catalog, series.id, { number: 2 });
  const longTag = `zh-${'variant1-'.repeat(5)}variant2`;
  await db('series')
    .where({ id: series.id })
    .update({ title: '\u304b\u3099', title_language: longTag, synonyms: ['b', '\u304b\u3099', 'a'] });
  await db('video_servers').where({ episode_id: episode.id }).update({ subtitle_language: longTag });
  const head = await readHead(db);

  await migrate(db);

  expect(await db('series').where({ id: series.id }).first()).toMatchObject({
    title: '\u304c',
    title_language: 'zh',
    title_native: null,
    synonyms: ['b', '\u304c', 'a'],
    search_text: 'か\n\nb\nか\na'.replaceAll('か', '\u304c'),
  });
  expect(await db('video_servers').where({ episode_id: episode.id }).first()).toMatchObject({
    subtitle_language: 'zh',
    audio_language: null,
  });
  expect(await createLiveLog(db).readSince(head.seq, 10)).toMatchObject([{ type: 'reset' }]);
  await newEpisode(catalog, series.id, { videoServers: [LOCAL] });
});

test('nobody reads again for nothing', async () => {
  const { db } = database;
  const { seq } = await readHead(db);
  await db.migrate.down({ name: '0004_text_rules' });
  await migrate(db);
  expect(await readHead(db)).toMatchObject({ seq });
});
