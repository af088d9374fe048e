import { Router } from 'express';
import { z } from 'zod';
import type { Database } from '../../platform/database';
import { parseParameters } from '../../web/parameters';
import { ENGLISH } from '../../web/words';
import { clockOf } from '../accounts/public';
import { episodeLabel } from '../episodes/fields';
import { dayOf, readBroadcasts, readUsualDelays, spanOf } from '../schedule/public';
import { type FailingServer, listFailingServers } from '../server-checks/public';
import { listReports, type Report } from '../watch/public';
import { countFailingWebhooks } from '../webhooks/public';
import { openTasks, type Task } from './queue';
import { type Minute, readEpisodesOf, readMinutes, readScheduled, type Scheduled } from './repository';

const DAY_MS = 86_400_000;
/** What was broadcast before that and is not here will not be looked for in a queue. */
const BACK_MS = 3 * DAY_MS;
/** A queue is worked off, not paged through. */
const MAX_TASKS = 100;
const MAX_SCHEDULED = 10;
const MAX_REPORTS = 5;

const QUERY = {
  /** `all`: also series of which nobody has posted anything. */
  series: z.enum(['all']).optional(),
};

/** The start page of the back office: what is to be done today, and how the site is doing. */
export function todayRoutes({ db }: { readonly db: Database }): Router {
  const router = Router();

  router.get('/today', async (request, response) => {
    const { series } = parseParameters(request, QUERY);
    const now = new Date();
    const { zone } = clockOf(response);
    const [tasks, scheduled, reports, minutes, webhooks, failing] = await Promise.all([
      readTasks(db, { now, ends: spanOf(dayOf(now, zone), zone).ends, isOfAll: series === 'all' }),
      readScheduled(db, MAX_SCHEDULED + 1),
      listReports(db, MAX_REPORTS + 1),
      readMinutes(db, new Date(now.getTime() - DAY_MS)),
      countFailingWebhooks(db),
      listFailingServers(db, MAX_REPORTS + 1),
    ]);
    const shown = tasks.slice(0, MAX_TASKS);
    response.render('today/admin', {
      title: 'Today',
      isOfAll: series === 'all',
      hasMoreTasks: tasks.length > MAX_TASKS,
      maxTasks: MAX_TASKS,
      toPost: shown.filter(({ state }) => state !== 'to-come').map((task) => taskRow(task, now)),
      toCome: shown.filter(({ state }) => state === 'to-come').map((task) => taskRow(task, now)),
      scheduled: scheduled.slice(0, MAX_SCHEDULED).map(scheduledRow),
      hasMoreScheduled: scheduled.length > MAX_SCHEDULED,
      reports: reports.slice(0, MAX_REPORTS).map(reportRow),
      failing: failing.slice(0, MAX_REPORTS).map(failingRow),
      hasMoreFailing: failing.length > MAX_REPORTS,
      hasMoreReports: reports.length > MAX_REPORTS,
      webhooksText: webhooksText(webhooks),
      peak: peakOf(minutes),
      // A line needs two points.
      hasChart: minutes.length > 1,
    });
  });

  // For the chart: seconds since 1970, browsers, changes; a column each.
  router.get('/today/minutes.json', async (request, response) => {
    parseParameters(request, {});
    const minutes = await readMinutes(db, new Date(Date.now() - DAY_MS));
    response.json(columnsOf(minutes));
  });

  return router;
}

async function readTasks(
  db: Database,
  { now, ends, isOfAll }: { readonly now: Date; readonly ends: Date; readonly isOfAll: boolean },
): Promise<readonly Task[]> {
  const begins = new Date(now.getTime() - BACK_MS);
  const broadcasts = await readBroadcasts(db, { begins, ends });
  const seriesIds = broadcasts.map(({ seriesId }) => seriesId);
  // An episode may be here a little before its broadcast.
  const known = await readEpisodesOf(db, seriesIds, new Date(begins.getTime() - DAY_MS / 24));
  const isWanted = (seriesId: string): boolean => {
    const series = known.get(seriesId);
    return isOfAll || series?.lastNumber !== undefined || (series?.episodes.length ?? 0) > 0;
  };
  const wanted = broadcasts.filter(({ seriesId }) => isWanted(seriesId));
  const usual = await readUsualDelays(db, [...new Set(wanted.map(({ seriesId }) => seriesId))], now);
  return openTasks(wanted, known, usual, now);
}

function taskRow(task: Task, now: Date) {
  const { seriesId, seriesTitle, seriesTitleLanguage, at, usualAt, state, number, draftId } = task;
  return {
    seriesTitle,
    seriesTitleLanguage,
    label: episodeLabel({ kind: 'regular', number }, ENGLISH),
    at,
    usualAt: usualAt?.toISOString(),
    state,
    sinceText: spanText(now.getTime() - (usualAt?.getTime() ?? Date.parse(at))),
    isDraft: draftId !== undefined,
    url: draftId ? `/admin/episodes/${draftId}/edit` : `/admin/series/${seriesId}/episodes/new`,
  };
}

function scheduledRow({ id, publishAt, seriesTitle, seriesTitleLanguage, ...address }: Scheduled) {
  return {
    seriesTitle,
    seriesTitleLanguage,
    label: episodeLabel(address, ENGLISH),
    at: publishAt.toISOString(),
    url: `/admin/episodes/${id}/edit`,
  };
}

function reportRow(report: Report) {
  return {
    seriesTitle: report.seriesTitle,
    seriesTitleLanguage: report.seriesTitleLanguage,
    label: episodeLabel(report, ENGLISH),
    serversText: report.servers.join(', '),
    countText: report.reports === 1 ? '1 viewer' : `${report.reports} viewers`,
    url: `/admin/episodes/${report.episodeId}/edit#field-videoServers`,
  };
}

function failingRow(server: FailingServer) {
  return {
    seriesTitle: server.seriesTitle,
    seriesTitleLanguage: server.seriesTitleLanguage,
    label: episodeLabel(server, ENGLISH),
    at: server.failingSince.toISOString(),
    saidText: `${server.serverName}: ${server.said}`,
    url: `/admin/episodes/${server.episodeId}/edit#field-videoServers`,
  };
}

/** `2 webhooks fail.`; undefined where all is well. */
function webhooksText({ stopped, failing }: { readonly stopped: number; readonly failing: number }) {
  const said = [
    ...(stopped > 0
      ? [
          `${stopped === 1 ? '1 webhook was' : `${stopped} webhooks were`} switched off, since nothing got through.`,
        ]
      : []),
    ...(failing > 0 ? [failing === 1 ? '1 webhook fails.' : `${failing} webhooks fail.`] : []),
  ];
  return said.length > 0 ? said.join(' ') : undefined;
}

/** `3 d 4 h`, `2 h 10 min`, `12 min`. */
function spanText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** The minute in which the most were connected; undefined where nothing is noted. */
function peakOf(minutes: readonly Minute[]) {
  const peak = minutes.reduce<Minute | undefined>(
    (most, each) => (most && most.browsers >= each.browsers ? most : each),
    undefined,
  );
  return peak && { browsers: peak.browsers, at: peak.minute.toISOString() };
}

/** With a hole where no node ran, so that no line is drawn over it. */
function columnsOf(minutes: readonly Minute[]) {
  const columns: [number[], (number | null)[], (number | null)[]] = [[], [], []];
  let before: number | undefined;
  for (const { minute, browsers, changes } of minutes) {
    const seconds = minute.getTime() / 1_000;
    if (before !== undefined && seconds - before > 180) push(columns, before + 60, null, null);
    push(columns, seconds, browsers, changes);
    before = seconds;
  }
  return columns;
}

function push(
  columns: [number[], (number | null)[], (number | null)[]],
  ...[seconds, browsers, changes]: [number, number | null, number | null]
): void {
  columns[0].push(seconds);
  columns[1].push(browsers);
  columns[2].push(changes);
}
