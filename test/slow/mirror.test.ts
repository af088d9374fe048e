import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { putEpisodes } from '../../src/features/episodes/put-repository';
import { deleteEpisode } from '../../src/features/episodes/repository';
import { projectRoot } from '../../src/platform/project';
import { episodeInput, newSeries, playable, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

const SERIES = 20;
const EPISODES_EACH = 25;
const ALL = SERIES * EPISODES_EACH;

const sites: TestSite[] = [];
beforeAll(async () => {
  for (let count = 0; count < 2; count++) {
    const site = await startSite();
    // A site begins with what is in season; this one is about what is copied.
    await site.database.db.raw('truncate series, episodes, video_servers cascade');
    sites.push(site);
  }
}, 120_000);
afterAll(async () => {
  for (const site of sites) await site.stop();
});

test('a script of 30 lines mirrors 500 episodes, and run again it changes nothing', async () => {
  const [from, to] = sites;
  if (!from || !to) throw new Error('There are no two sites.');
  const env = {
    FROM: from.url,
    FROM_TOKEN: await createApiToken(from.database.db, 'reader', { scopes: ['read'] }),
    TO: to.url,
    TO_TOKEN: await createApiToken(to.database.db, 'mirror'),
  };
  const run = async (more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
    const script = join(projectRoot(), 'docs/mirror.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script], {
      env: { PATH: process.env.PATH ?? '', ...env, ...more },
      timeout: 120_000,
    });
    return stdout.trim().split('\n');
  };
  const heads = async () =>
    (
      await to.database.db.raw(
        'select (select max(id) from journal) as journal, (select seq from live_head) as log, (select max(version) from episodes) as version',
      )
    ).rows[0];

  const catalog = testCatalog(from.database.db);
  for (let index = 1; index <= SERIES; index++) {
    const { id } = await newSeries(catalog, { title: `Mirrored ${index}`, synonyms: [`鏡 ${index}`] });
    const wishes = Array.from({ length: EPISODES_EACH }, (_, position) => ({
      seriesId: id,
      place: { kind: 'regular' as const, number: String(position + 1) },
      change: () =>
        episodeInput({
          number: position + 1,
          title: `Episode ${position}`,
          status: position % 5 === 0 ? 'draft' : 'published',
          videoServers: [playable, { ...playable, name: 'Second', enabled: position % 2 === 0 }],
        }),
    }));
    await putEpisodes(catalog, tester, wishes);
  }

  const first = await run();
  expect(first.filter((line) => line.startsWith('created '))).toHaveLength(ALL);
  const mirrored = await to.database.db('episodes').whereNull('deleted_at').count({ count: '*' });
  expect(Number(mirrored[0]?.count)).toBe(ALL);
  const before = await heads();
  const second = await run();
  expect(second.filter((line) => line.startsWith('unchanged '))).toHaveLength(ALL);
  expect(await heads()).toEqual(before);

  // From then on only what was changed is asked for: an edit, and a deletion.
  const [, since = ''] = /SINCE=(\S+)/.exec(second.join(' ')) ?? [];
  const [edited, deleted] = await from.database.db('episodes').select('id').orderBy('id').limit(2);
  await from.database
    .db('episodes')
    .where({ id: edited?.id })
    .update({ title: 'Edited', updated_at: from.database.db.fn.now(3) });
  await deleteEpisode(catalog, tester, deleted?.id);
  const third = await run({ SINCE: since });
  expect(third.filter((line) => line.startsWith('changed '))).toHaveLength(1);
  expect(third.length).toBeLessThan(10);
  const rows = await to.database
    .db('episodes')
    .select('title', { deleted: to.database.db.raw('deleted_at is not null') })
    .whereIn('external_id', [edited?.id, deleted?.id])
    .orderBy('id');
  expect(rows).toEqual([
    { title: 'Edited', deleted: false },
    { title: 'Episode 1', deleted: true },
  ]);
}, 240_000);
