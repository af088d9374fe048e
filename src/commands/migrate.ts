import { parseArgs } from 'node:util';
import { type OpenDatabase, openAsItIs } from '../platform/open-database';
import { listApplied, listPending, undoLast } from '../platform/schema';
import { runCommand, UsageError, withDatabase } from './support/run-command';
import { minuteText, tableText } from './support/table';

const HELP = `Brings the database's schema up to date. The site does so itself when it starts.

  npm run migrate
  npm run migrate -- --list
  npm run migrate -- --down --yes

  --list       shows what was applied, and what would be
  --down       undoes the migration that was applied last, and loses what only it has room for: make a backup first.
               No node of the version that made it may run
  --to NAME    with --down: undoes all that came after this one
  --yes        does what --down says; without it, it is only told
`;

runCommand(HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      list: { type: 'boolean' },
      down: { type: 'boolean' },
      to: { type: 'string' },
      yes: { type: 'boolean' },
    },
  });
  if (values.list && values.down) throw new UsageError('--list and --down do not go together.');
  if (!values.down && (values.to !== undefined || values.yes))
    throw new UsageError('--to and --yes belong to --down.');
  if (values.list) return withDatabase(list, openAsItIs);
  if (values.down) return down(values.to, values.yes === true);
  await withDatabase(async () => {
    process.stdout.write('The schema is up to date.\n');
  });
});

async function list({ db }: OpenDatabase): Promise<void> {
  const applied = await listApplied(db);
  const pending = await listPending(db);
  process.stdout.write(
    tableText([
      ['migration', 'applied'],
      ...applied.map(({ name, at, isKnown }) => [
        name,
        `${minuteText(at)}${isKnown ? '' : ', by a newer version'}`,
      ]),
      ...pending.map((name) => [name, 'not yet']),
    ]),
  );
}

/** @param to the last migration that stays; undefined: all but the last one */
async function down(to: string | undefined, isMeant: boolean): Promise<void> {
  await withDatabase(async ({ db }) => {
    const names = (await listApplied(db)).map(({ name }) => name);
    const last = to === undefined ? names.length - 2 : names.indexOf(to);
    if (to !== undefined && last < 0)
      throw new Error(`${to} is not among what was applied: --list shows it.`);
    const undone = names.slice(last + 1).reverse();
    if (undone.length === 0) {
      process.stdout.write('There is nothing to undo.\n');
      return;
    }
    if (!isMeant)
      throw new Error(
        `This would undo ${undone.join(', ')}, and lose what only that has room for. Say --yes.`,
      );
    for (const _ of undone) process.stdout.write(`Undid ${await undoLast(db)}.\n`);
  }, openAsItIs);
}
