import { parseArgs } from 'node:util';
import type { Actor } from '../features/episodes/write';
import { giveReadSlugs } from '../features/series/read-slugs';
import { readTitles } from '../features/titles/dictionary';
import { findUnreadTitles, keepReadings } from '../features/titles/readings';
import { recordAudit } from '../journal/journal';
import { createLists } from '../process/lists';
import { runCommand, withDatabase } from './support/run-command';

const HELP = `Finds out how Japanese titles are read, so that the search finds them by romaji and their addresses can be read.

  npm run titles:read [-- --all-addresses]

The site does the same by itself, within a minute after a series was added, in a process of its own (TITLE_READINGS=off: it does not).
A new series whose address was made from its title gets one from how that is read; the one before leads on to it.

  --all-addresses  Also series that were added more than a day ago. What somebody chose as an address always stays.
`;

const actor: Actor = { kind: 'system', id: null, name: 'titles', via: 'command' };
/** More than any catalog has. */
const MAX_TITLES = 100_000;

runCommand(HELP, async (args) => {
  const { values } = parseArgs({ args, options: { 'all-addresses': { type: 'boolean', default: false } } });
  await withDatabase(async ({ db }) => {
    const titles = await findUnreadTitles(db, MAX_TITLES);
    if (titles.length > 0) await keepReadings(db, await readTitles(titles));
    // Nodes find the changes in the log within 2 s.
    const catalog = { db, lists: createLists().all, publish: () => undefined, audit: recordAudit };
    const given = await giveReadSlugs(catalog, actor, { all: values['all-addresses'] });
    process.stdout.write(`Read ${titles.length} titles; ${given} series have another address.\n`);
  });
});
