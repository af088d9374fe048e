import { type RequestHandler, Router } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { databaseId } from '../../web/input';
import { redirectWithSession } from '../../web/redirect';
import { ENGLISH } from '../../web/words';
import { adminActor } from '../accounts/public';
import { episodeLabel } from '../episodes/fields';
import { clearReports, countReports, listReports, type Report } from './report-repository';

type ReportPages = { readonly db: Database };

/** Shown at once; they are worked off, not paged through. */
const MAX_REPORTS = 200;
/** Beyond that the navigation says `99+`. */
const MAX_COUNTED = 99;

/** Gives each page of the back office the number of reported episodes, for its navigation. */
export function showReportCount({ db }: ReportPages): RequestHandler {
  return async (request, response, next) => {
    if (request.method === 'GET') {
      const count = await countReports(db, MAX_COUNTED + 1);
      response.locals.reportCount = count > MAX_COUNTED ? `${MAX_COUNTED}+` : count;
    }
    next();
  };
}

/** What viewers say they can't play. */
export function reportRoutes({ db }: ReportPages): Router {
  const router = Router();

  router.get('/reports', async (_request, response) => {
    const reports = await listReports(db, MAX_REPORTS + 1);
    response.render('watch/admin-reports', {
      title: 'Reports',
      rows: reports.slice(0, MAX_REPORTS).map(reportRow),
      hasMore: reports.length > MAX_REPORTS,
      max: MAX_REPORTS,
    });
  });

  router.post('/reports/:episodeId/clear', async (request, response) => {
    const id = databaseId.safeParse(request.params.episodeId);
    if (!id.success) throw new ClientError(404, 'There is no such episode.');
    const isCleared = await clearReports(db, adminActor(response), id.data);
    request.session.notice = {
      text: isCleared ? 'The reports were cleared.' : 'Somebody has cleared these reports already.',
    };
    await redirectWithSession(request, response, '/admin/reports');
  });

  return router;
}

function reportRow(report: Report) {
  return {
    ...report,
    label: episodeLabel(report, ENGLISH),
    countText: report.reports === 1 ? '1 viewer' : `${report.reports} viewers`,
    serversText: report.servers.join(', '),
    editUrl: `/admin/episodes/${report.episodeId}/edit`,
    clearUrl: `/admin/reports/${report.episodeId}/clear`,
  };
}
