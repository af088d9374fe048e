import { createHash } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { ClientError } from '../../web/error-handler';
import { orNull, textOf } from '../../web/form';
import { databaseId, languageTag, parseInput } from '../../web/input';
import { forgetUndo, noteSaved, offerUndo } from '../../web/notice';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { findSeries } from '../series/public';
import { readKnown } from './bulk-known';
import { type Planned, planReleases } from './bulk-plan';
import { saveReleases, undoReleases } from './bulk-save';
import { episodeLabel } from './fields';
import { expandTemplate, MAX_RANGE, parseReleaseList, type Release } from './release-list';
import type { WriteContext } from './write';

/** A list that somebody looks through before it is saved. */
const MAX_RELEASES = 200;
const STATUSES = ['published', 'draft', 'hidden'] as const;

/** What stands in the form, as it was typed. */
type BulkForm = {
  readonly text: string;
  /** Of lines that name no series; empty for none. */
  readonly seriesId: string;
  readonly status: string;
  readonly audioLanguage: string;
  readonly subtitleLanguage: string;
  readonly range: string;
  readonly template: string;
};

const EMPTY: BulkForm = {
  text: '',
  seriesId: '',
  status: 'published',
  audioLanguage: 'ja',
  subtitleLanguage: '',
  range: '',
  template: '',
};

declare module 'express-session' {
  interface SessionData {
    /** What of a list was not saved, for the page after the redirect. */
    bulkRest: BulkForm;
  }
}

/** A pasted list of releases: compared with what is there, looked through, and saved. */
export function bulkRoutes({ catalog }: { readonly catalog: WriteContext }): Router {
  const router = Router();

  router.get('/bulk', async (request, response) => {
    const { bulkRest } = request.session;
    delete request.session.bulkRest;
    const seriesId = databaseId.safeParse(request.query.seriesId);
    await render(response, bulkRest ?? { ...EMPTY, seriesId: seriesId.data ?? '' });
  });

  router.post('/bulk', async (request, response) => {
    const form = formOf(request.body);
    if (textOf(request.body, 'action') === 'fill') return renderFilled(response, form);
    const problems = problemsOf(form);
    if (problems.length > 0) return render(response.status(422), form, { problems });
    const planned = await plan(form);
    if (textOf(request.body, 'action') !== 'save') return render(response, form, { planned });
    // What was ticked are lines of the list that was looked at.
    if (textOf(request.body, 'lookedAt') !== digestOf(form)) {
      const message = 'The list was changed after it was looked at. Look again, then save.';
      return render(response.status(409), form, { planned, problems: [{ field: 'plan', message }] });
    }
    const chosen = chosenOf(request, planned);
    if (chosen.length === 0)
      return render(response.status(422), form, {
        planned,
        problems: [{ field: 'plan', message: 'Choose what to save.' }],
      });
    await save(request, response, { form, planned, chosen });
  });

  router.post('/bulk/undo', async (request, response) => {
    const { undo } = request.query;
    const parsed = UNDO.safeParse(undo);
    if (!parsed.success) throw new ClientError(400, 'This link to take something back is damaged.');
    const count = await undoReleases(catalog, adminActor(response), parsed.data);
    forgetUndo(request, request.originalUrl);
    request.session.notice = { text: `Taken back: ${countText(count)}.` };
    await redirectWithSession(request, response, '/admin/episodes');
  });

  async function plan(form: BulkForm): Promise<readonly Planned[]> {
    const releases = parseReleaseList(form.text);
    const known = await readKnown(catalog.db, releases, orNull(form.seriesId) ?? undefined);
    return planReleases(releases, known, optionsOf(form));
  }

  async function save(
    request: Request,
    response: Response,
    {
      form,
      planned,
      chosen,
    }: { readonly form: BulkForm; readonly planned: readonly Planned[]; readonly chosen: readonly Planned[] },
  ): Promise<void> {
    const { saved, notSaved } = await saveReleases(
      catalog,
      adminActor(response),
      chosen,
      optionsOf(form).status,
    );
    const done = new Set(saved.map(({ line }) => line));
    const rest = planned.filter(({ release, state }) => !done.has(release.line) && state !== 'same');
    if (saved.length > 0)
      offerUndo(request, {
        text: `${countText(saved.length)} of the list ${saved.length === 1 ? 'was' : 'were'} saved.`,
        undo: `/admin/bulk/undo?undo=${saved.map(({ undo }) => undo).join(',')}`,
      });
    if (notSaved.length > 0)
      request.session.notice = {
        text: `Not saved: ${notSaved.map(({ line, why }) => `line ${line} (${why})`).join(', ')}.`,
      };
    noteSaved(request);
    if (rest.length === 0) return redirectWithSession(request, response, '/admin/episodes');
    request.session.bulkRest = { ...form, text: rest.map(({ release }) => release.text).join('\n') };
    await redirectWithSession(request, response, '/admin/bulk');
  }

  /** Adds the lines of the template to the list. */
  async function renderFilled(response: Response, form: BulkForm): Promise<void> {
    const lines = expandTemplate('', form.range, form.template.trim());
    if (!lines) {
      const message = `Must be two numbers such as 1–12, at most ${MAX_RANGE} apart.`;
      return render(response.status(422), form, { problems: [{ field: 'range', message }] });
    }
    const before = form.text.trim() === '' ? [] : [form.text.trimEnd()];
    await render(response, { ...form, text: [...before, ...lines].join('\n'), range: '', template: '' });
  }

  async function render(
    response: Response,
    form: BulkForm,
    {
      planned,
      problems = [],
    }: { readonly planned?: readonly Planned[]; readonly problems?: readonly Problem[] } = {},
  ): Promise<void> {
    const series = databaseId.safeParse(form.seriesId).success
      ? await findSeries(catalog.db, form.seriesId)
      : undefined;
    const saveable = planned?.filter(isSaveable) ?? [];
    response.render('episodes/admin-bulk', {
      title: 'Release list',
      form,
      series,
      problemOf: Object.fromEntries(problems.map(({ field, message }) => [field, message])),
      failed: problems.length > 0,
      statuses: STATUSES.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) })),
      maxReleases: MAX_RELEASES,
      lookedAt: planned && digestOf(form),
      plan: planned && {
        rows: planned.map(plannedRow),
        newCount: planned.filter(({ state }) => state === 'new').length,
        addsCount: planned.filter(({ state }) => state === 'adds').length,
        sameCount: planned.filter(({ state }) => state === 'same').length,
        refusedCount: planned.filter(({ state }) => state === 'refused').length,
        saveableCount: saveable.length,
      },
    });
  }

  return router;
}

type Problem = { readonly field: string; readonly message: string };

function formOf(body: unknown): BulkForm {
  const texts = Object.keys(EMPTY).map((name) => [name, textOf(body, name)]);
  return { ...EMPTY, ...Object.fromEntries(texts) };
}

const FORM = z.object({
  seriesId: z.union([z.literal(''), databaseId], 'Must be a series.'),
  status: z.enum(STATUSES, 'Must be published, draft or hidden.'),
  audioLanguage: z.union([z.literal(''), languageTag], 'Must be a language tag such as ja or en.'),
  subtitleLanguage: z.union([z.literal(''), languageTag], 'Must be a language tag such as ja or en.'),
});

function problemsOf(form: BulkForm): readonly Problem[] {
  const parsed = parseInput(FORM, { ...EMPTY, ...form });
  const count = parseReleaseList(form.text).length;
  return [
    ...(count === 0 ? [{ field: 'text', message: 'Paste at least one line.' }] : []),
    ...(count > MAX_RELEASES
      ? [{ field: 'text', message: `Must have at most ${MAX_RELEASES} episodes; it has ${count}.` }]
      : []),
    ...(parsed.ok ? [] : parsed.errors),
  ];
}

/** Tells one list from another. */
function digestOf(form: BulkForm): string {
  return createHash('sha256').update(JSON.stringify(form)).digest('base64url').slice(0, 12);
}

/** @param form without problems */
function optionsOf(form: BulkForm) {
  const { status, audioLanguage, subtitleLanguage } = FORM.parse(form);
  return { status, audioLanguage: orNull(audioLanguage), subtitleLanguage: orNull(subtitleLanguage) };
}

function isSaveable(planned: Planned): boolean {
  return planned.state === 'new' || planned.state === 'adds';
}

/** Boxes that were ticked are named by the lines: what was pasted is compared anew when it is saved. */
function chosenOf(request: Request, planned: readonly Planned[]): readonly Planned[] {
  return planned.filter(
    (each) => isSaveable(each) && textOf(request.body, `line-${each.release.line}`) !== '',
  );
}

/** Ids of episodes that were made, and of servers that were added to one: `12`, `12.34`. */
const UNDO = z
  .string()
  .regex(/^[0-9]{1,18}(?:\.[0-9]{1,18})*(?:,[0-9]{1,18}(?:\.[0-9]{1,18})*)*$/)
  .transform((text) => text.split(',').map((each) => each.split('.')))
  .transform((parts) => parts.map(([episodeId = '', ...serverIds]) => ({ episodeId, serverIds })));

function countText(count: number): string {
  return count === 1 ? '1 episode' : `${count} episodes`;
}

const STATE_WORDS = { new: 'New', adds: 'Adds', same: 'There', refused: 'Look' } as const;

function plannedRow(planned: Planned) {
  const { release, series, state, warnings } = planned;
  return {
    line: release.line,
    text: release.text,
    series,
    label: labelOf(release),
    state,
    stateText: STATE_WORDS[state],
    notes: [...warnings, ...notesOf(planned)],
    servers: 'servers' in planned ? planned.servers : [],
    isSaveable: isSaveable(planned),
    // What is not new, or may be taken for something else, is for whoever has looked at it.
    isChosen: state === 'new' && warnings.length === 0,
    editUrl: 'episode' in planned ? `/admin/episodes/${planned.episode.id}/edit` : undefined,
  };
}

function labelOf({ kind, number }: Release): string {
  return number === undefined ? '–' : episodeLabel({ kind, number }, ENGLISH);
}

function notesOf(planned: Planned): readonly string[] {
  switch (planned.state) {
    case 'refused':
      return planned.problems;
    case 'adds':
      return [
        `It is there already, ${planned.episode.status}, with ${serversText(planned.episode.videoServers.length)}; these are added.`,
      ];
    case 'same':
      return ['It is there already, with all of these addresses.'];
    case 'new':
      return [];
    default:
      return planned satisfies never;
  }
}

function serversText(count: number): string {
  return count === 1 ? '1 server' : `${count} servers`;
}
