import { Router } from 'express';
import { findJournalEntry, listJournal } from '../../journal/journal';
import type { Revert } from '../../journal/revert';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { databaseId } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import { type ActorChoice, adminActor, clockOf, listActorChoices } from '../accounts/public';
import { ACTS, actorKey, actView, journalUrl, SUBJECT_KINDS } from './acts';
import { type FilterForm, filterForm, parseFilter } from './filter';

const PAGE_SIZE = 50;

type JournalPages = {
  readonly db: Database;
  /** What takes acts back, by the acts. */
  readonly reverts: Readonly<Record<string, Revert>>;
};

/** What happened, newest first, and how one act of it is taken back. */
export function journalRoutes({ db, reverts }: JournalPages): Router {
  const router = Router();

  router.get('/journal', async (request, response) => {
    const form = filterForm(request.query);
    const after = textOf(request.query, 'after');
    const { zone } = clockOf(response);
    const filter = parseFilter(form, after, zone);
    const errors = filter.ok ? [] : filter.errors;
    const [entries, actors] = await Promise.all([
      filter.ok ? listJournal(db, { ...filter.value, limit: PAGE_SIZE + 1 }) : [],
      listActorChoices(db),
    ]);
    const shown = entries.slice(0, PAGE_SIZE);
    const last = shown.at(-1);
    const acts = shown.map((entry) => ({ ...actView(entry, zone), revertUrl: revertUrlOf(entry) }));
    const isHistory = form.subject.includes(':');
    // As it was called when it was last written of.
    const subject = isHistory ? acts.find((act) => act.subject)?.subject : undefined;
    response.status(filter.ok ? 200 : 400).render('audit/page', {
      title: subject ? `History of ${subject.label}` : 'Journal',
      subject,
      form,
      choices: choicesFor(form, actors, subject?.label),
      errors: Object.fromEntries(errors.map(({ field, message }) => [field, message])),
      isFiltered: Object.values(form).some((text) => text !== ''),
      acts,
      isFirstPage: after === '',
      firstUrl: journalUrl(form),
      nextUrl: entries.length > PAGE_SIZE && last ? journalUrl({ ...form, after: last.id }) : undefined,
    });
  });

  router.post('/journal/:id/revert', async (request, response) => {
    const id = databaseId.safeParse(request.params.id);
    const entry = id.success ? await findJournalEntry(db, id.data) : undefined;
    const revert = entry && reverts[entry.action];
    if (!revert) throw new ClientError(404, 'There is no act here that can be taken back.');
    const result = await revert(adminActor(response), entry);
    const { label } = actView(entry).subject ?? { label: 'it' };
    request.session.notice = {
      text:
        result.outcome === 'reverted'
          ? `Taken back: what was done to ${label}.`
          : `Nothing was changed in ${label}. ${result.why}`,
    };
    await redirectWithSession(
      request,
      response,
      journalUrl({ subject: `${entry.subjectKind}:${entry.subjectId}` }),
    );
  });

  function revertUrlOf({ id, action }: { readonly id: string; readonly action: string }): string | undefined {
    return reverts[action] && `/admin/journal/${id}/revert`;
  }

  return router;
}

/** For the selects; what a link has chosen is among them, whatever it is. */
function choicesFor(form: FilterForm, actors: readonly ActorChoice[], subjectLabel: string | undefined) {
  const actorOptions = [
    ...actors.map((actor) => ({ value: actorKey(actor), label: actor.name })),
    { value: 'system', label: 'nipnime itself' },
    { value: 'anonymous', label: 'Nobody: was not let in' },
  ];
  const subjects = Object.entries(SUBJECT_KINDS).map(([value, label]) => ({ value, label }));
  const actions = Object.entries(ACTS).map(([value, { choice }]) => ({ value, label: choice }));
  return {
    actor: withChosen([{ value: '', label: 'Anybody' }, ...actorOptions], form.actor),
    action: withChosen([{ value: '', label: 'Anything' }, ...actions], form.action),
    subject: withChosen([{ value: '', label: 'Everything' }, ...subjects], form.subject, subjectLabel),
  };
}

type Option = { readonly value: string; readonly label: string };

function withChosen(options: readonly Option[], value: string, label = value): readonly Option[] {
  return options.some((option) => option.value === value)
    ? options
    : [...options, { value, label: label || value }];
}
