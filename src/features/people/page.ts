import { type Request, type Response, Router } from 'express';
import type { Database } from '../../platform/database';
import { textOf } from '../../web/form';
import { type AccountLink, findAccountLink, useAccountLink } from '../accounts/public';
import { checkNewPassword, type PasswordErrors } from '../own-account/public';

type JoinNeeds = {
  readonly db: Database;
  readonly clientAddress: (request: Request) => string;
  /** Ends the streams that hang on the session with this live id, on every node. */
  readonly signOut: (liveId: string) => void;
};

/** Where the link of an invitation, or for a lost password, leads: whoever has it chooses a password there, and then logs in with it. */
export function joinRoutes({ db, clientAddress, signOut }: JoinNeeds): Router {
  const router = Router();

  const render = (
    response: Response,
    { token, link }: { readonly token: string; readonly link: AccountLink },
    errors: PasswordErrors = {},
  ): void => {
    response.render('people/join', {
      title: link.role === undefined ? 'Choose another password' : 'Welcome',
      email: link.email,
      isNew: link.role !== undefined,
      token,
      errors,
      isRefused: Object.keys(errors).length > 0,
    });
  };
  const renderGone = (response: Response): void => {
    response.status(410).render('people/join-gone', { title: 'This link is not good any more' });
  };

  router.get('/join', async (request, response) => {
    const token = typeof request.query.token === 'string' ? request.query.token : '';
    const link = await findAccountLink(db, token);
    response.set('Cache-Control', 'no-store');
    // Looking uses nothing up: a messenger may look at a link before whoever gets it does.
    if (link) render(response, { token, link });
    else renderGone(response);
  });

  router.post('/join', async (request, response) => {
    const token = textOf(request.body, 'token');
    const link = await findAccountLink(db, token);
    response.set('Cache-Control', 'no-store');
    if (!link) return renderGone(response);
    const password = textOf(request.body, 'password');
    const errors = await checkNewPassword(link, { password, again: textOf(request.body, 'again') });
    if (Object.keys(errors).length > 0) return render(response.status(422), { token, link }, errors);
    const ended = await useAccountLink(db, token, { password, address: clientAddress(request) });
    if (!ended) return renderGone(response);
    for (const liveId of ended.liveIds) signOut(liveId);
    response.redirect(303, '/admin/login?done=password');
  });

  return router;
}
