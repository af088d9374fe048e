import fc from 'fast-check';
import { actOnMany, type ManyAction } from '../../src/features/episodes/act-on-many';
import type { Episode } from '../../src/features/episodes/fields';
import { type EpisodeForm, episodeForm } from '../../src/features/episodes/form';
import { findEpisode } from '../../src/features/episodes/queries';
import { updateEpisode } from '../../src/features/episodes/repository';
import { saveEpisodeForm } from '../../src/features/episodes/save-form';
import type { Actor } from '../../src/features/episodes/write';
import { seriesForm } from '../../src/features/series/form';
import { findSeries } from '../../src/features/series/repository';
import { saveSeriesForm } from '../../src/features/series/save-form';
import { markEpisodes, timeEpisodes } from '../../src/features/transfer/import-rows';
import { recordAudit } from '../../src/journal/journal';
import { newEpisode, newSeries, playable, testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const catalog = () => ({ ...testCatalog(database.db), audit: recordAudit });
const ada: Actor = { kind: 'admin', id: '1', name: 'ada@example.org', via: 'form' };
const bob: Actor = { kind: 'admin', id: '2', name: 'bob@example.org', via: 'form' };

async function get(id: string): Promise<Episode> {
  const episode = await findEpisode(database.db, id);
  if (!episode) throw new Error(`Episode ${id} is gone.`);
  return episode;
}

const TEXTS = ['title', 'synopsis', 'durationSeconds', 'status'] as const;
const PARTS = ['name', 'url', 'enabled'] as const;
const value = fc.constantFrom('1', '2', '3');
const editor = fc.constantFrom(0 as const, 1 as const);
const action = fc.oneof(
  { weight: 1, arbitrary: fc.record({ type: fc.constant('open' as const), editor }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('type' as const),
      editor,
      field: fc.constantFrom(...TEXTS),
      value,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('server' as const),
      editor,
      at: fc.nat({ max: 3 }),
      change: fc.constantFrom(
        'name' as const,
        'url' as const,
        'enabled' as const,
        'add' as const,
        'remove' as const,
        'up' as const,
      ),
      value,
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('save' as const), editor }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('script' as const, 'import' as const, 'many' as const),
      value,
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

const STATUS: Readonly<Record<string, string>> = { 1: 'draft', 2: 'published', 3: 'hidden' };

function typed(field: (typeof TEXTS)[number], text: string): string {
  if (field === 'status') return STATUS[text] ?? '';
  return field === 'durationSeconds' ? `${text}:00` : text;
}

function withServer(
  form: EpisodeForm,
  { at, change, value }: Extract<Action, { type: 'server' }>,
): EpisodeForm {
  const videoServers = [...form.videoServers];
  const row = videoServers[at];
  if (change === 'add') videoServers.push({ ...videoServers[0], ...ROW, name: value, url: urlOf(value) });
  else if (change === 'remove') videoServers.splice(at, 1);
  else if (change === 'up' && row) {
    videoServers.splice(at, 1);
    videoServers.splice(Math.max(0, at - 1), 0, row);
  } else if (row) videoServers[at] = { ...row, [change]: partOf(change, value) };
  return { ...form, videoServers };
}
const partOf = (change: string, value: string): string =>
  change === 'enabled' ? (value === '1' ? '1' : '') : change === 'url' ? urlOf(value) : value;
const urlOf = (value: string): string => `https://video.example/${value}`;
const ROW = { id: '', kind: 'embed', audioLanguage: '', subtitleLanguage: '', sandboxed: '1', enabled: '1' };

/** The form that an editor sees, and what was there when it was rendered. */
type Tab = { form: EpisodeForm; seen: EpisodeForm };

/** What a save has taken away that the editor had not seen, or has not done that the editor typed. */
function lost({ form, seen }: Tab, before: EpisodeForm, after: EpisodeForm): string[] {
  const faults: string[] = [];
  for (const name of TEXTS) {
    if (form[name] !== seen[name] && after[name] !== form[name]) faults.push(`${name} that was typed`);
    if (after[name] !== before[name] && seen[name] !== before[name]) faults.push(`${name} of somebody else`);
  }
  const rowOf = (of: EpisodeForm, id: string) => of.videoServers.find((row) => row.id === id);
  for (const row of before.videoServers) {
    const [was, now, mine] = [rowOf(seen, row.id), rowOf(after, row.id), rowOf(form, row.id)];
    for (const part of PARTS) {
      if (now && now[part] !== row[part] && was?.[part] !== row[part])
        faults.push(`${part} of somebody else`);
      if (mine && was && mine[part] !== was[part] && now?.[part] !== mine[part])
        faults.push(`${part} that was typed`);
    }
    if (!now && PARTS.some((part) => was?.[part] !== row[part])) faults.push('a server of somebody else');
  }
  for (const row of form.videoServers) {
    if (row.id === '' && !after.videoServers.some(({ name, url }) => name === row.name && url === row.url))
      faults.push('a server that was added');
  }
  return faults;
}

const MANY: Readonly<Record<string, ManyAction>> = {
  1: { type: 'publish' },
  2: { type: 'hide' },
  3: { type: 'switch-servers', name: 'Mirror', enabled: false },
};

/** What a script, an import and a change of many episodes do, without a form. */
async function writeElsewhere(
  id: string,
  { type, value }: { readonly type: string; readonly value: string },
) {
  if (type === 'import') {
    const time = new Date(`2026-01-0${value}T00:00:00Z`);
    await database.db.transaction((trx) => timeEpisodes(trx, [{ id, time }]));
    return;
  }
  if (type === 'many') {
    const action = MANY[value];
    if (action) await actOnMany(catalog(), tester, [id], action);
    return;
  }
  await updateEpisode(catalog(), tester, id, (current) => ({
    ...current,
    title: value,
    videoServers: current.videoServers.map((server, index) =>
      index === 0 ? { ...server, url: urlOf(`script-${value}`) } : server,
    ),
  }));
}

test('two editors, a script, an import and changes of many lose no edit of each other', async () => {
  const series = await newSeries(catalog(), { title: 'Edited by many' });
  let number = 0;
  let saves = 0;
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 16 }), async (actions) => {
      const { id } = await newEpisode(catalog(), series.id, {
        number: String(++number),
        videoServers: [playable, { ...playable, name: 'Mirror' }],
      });
      await database.db.transaction((trx) => markEpisodes(trx, [{ id, importedAs: number }]));
      const open = async (): Promise<Tab> => {
        const form = episodeForm(await get(id), 'UTC');
        return { form, seen: form };
      };
      const tabs: [Tab, Tab] = [await open(), await open()];
      for (const each of actions) {
        if (!('editor' in each)) {
          await writeElsewhere(id, each);
          continue;
        }
        const tab = tabs[each.editor];
        if (each.type === 'open') tabs[each.editor] = await open();
        if (each.type === 'type') tab.form = { ...tab.form, [each.field]: typed(each.field, each.value) };
        if (each.type === 'server') tab.form = withServer(tab.form, each);
        if (each.type !== 'save') continue;
        const before = episodeForm(await get(id), 'UTC');
        const result = await saveEpisodeForm(catalog(), each.editor === 0 ? ada : bob, id, tab.form);
        const after = episodeForm(await get(id), 'UTC');
        saves++;
        outcomes.add(result.outcome);
        if (result.outcome === 'saved') {
          expect(lost(tab, before, after)).toEqual([]);
          tabs[each.editor] = { form: after, seen: after };
        } else if (result.outcome === 'contested') {
          expect(after).toEqual(before);
          expect(result.differences.length).toBeGreaterThan(0);
          // All that was typed is in the form or beside it, and the form is one of what is there now.
          tabs[each.editor] = { form: result.form, seen: before };
        } else throw new Error(`Saving ended as ${result.outcome}.`);
      }
    }),
    { numRuns: 120, seed: 13 },
  );
  expect(saves).toBeGreaterThan(300);
  expect([...outcomes].sort()).toEqual(['contested', 'saved']);
}, 60_000);

test('a series is merged with what another and an import have saved meanwhile', async () => {
  const { id } = await newSeries(catalog(), { title: 'Old', synonyms: ['A'] });
  const get = async () => {
    const series = await findSeries(database.db, id);
    if (!series) throw new Error('The series is gone.');
    return series;
  };
  const opened = seriesForm(await get());
  const save = (actor: Actor, changes: Partial<typeof opened>) =>
    saveSeriesForm(catalog(), actor, id, { ...opened, ...changes });

  expect(await save(bob, { title: 'Theirs' })).toMatchObject({ outcome: 'saved', taken: '' });
  await database
    .db('series')
    .where({ id })
    .update({ begins_at: new Date(), synonyms: ['A', 'B'], version: 3 });
  expect(await save(ada, { synopsis: 'Mine' })).toMatchObject({
    outcome: 'saved',
    series: { title: 'Theirs', synopsis: 'Mine', synonyms: ['A', 'B'] },
    taken: 'Title (bob@example.org), Other titles, Begins',
  });

  const contested = await save(ada, { title: 'Mine', synonyms: 'A\nC', season: 'fall', seasonYear: '2026' });
  expect(contested).toMatchObject({
    outcome: 'contested',
    form: { title: 'Mine', synopsis: 'Mine', season: 'fall', seasonYear: '2026' },
    taken: 'Synopsis (ada@example.org), Begins',
    differences: [
      {
        label: 'Title',
        mine: 'Mine',
        saved: 'Theirs',
        savedBy: expect.stringMatching(/^bob@example\.org, /),
      },
      {
        label: 'Other titles',
        mine: 'A\nC',
        saved: 'A\nB',
        savedBy: expect.stringMatching(/^an import or a job, /),
      },
    ],
  });
  if (contested.outcome !== 'contested') return;
  expect(await saveSeriesForm(catalog(), ada, id, contested.form)).toMatchObject({
    outcome: 'saved',
    series: { title: 'Mine', synonyms: ['A', 'C'], season: 'fall' },
  });
});

test('two changes that do not go together are refused, at the field', async () => {
  const series = await newSeries(catalog(), { title: 'Apart' });
  const { id } = await newEpisode(catalog(), series.id, {
    status: 'draft',
    publishAt: '2099-01-01T00:00:00Z',
  });
  const opened = episodeForm(await get(id), 'UTC');
  await saveEpisodeForm(catalog(), bob, id, { ...opened, status: 'scheduled' });
  const result = await saveEpisodeForm(catalog(), ada, id, { ...opened, publishAt: '', title: 'Kept' });
  expect(result).toMatchObject({
    outcome: 'refused',
    errors: [{ field: 'publishAt', message: 'Is required for a scheduled episode.' }],
    form: { title: 'Kept', status: 'scheduled', publishAt: '' },
  });
});
