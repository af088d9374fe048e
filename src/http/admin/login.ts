import { promisify } from 'node:util';
import { type Request, type Response, Router } from 'express';
import {
  type AdminUser,
  findAdmin,
  findAdminByPassword,
  MAX_PASSWORD_LENGTH,
} from '../../accounts/admin-users';
import type { Dependencies } from '../dependencies';
import { textOf } from './form';
import { redirectWithSession } from './redirect';

export function loginRoutes({ catalog, clientAddress, loginLimits, log }: Dependencies): Router {
  const router = Router();

  router.get('/login', async (request, response) => {
    const { adminId } = request.session;
    // Asked of the database: a session may outlive its account, and would be sent to and fro for ever.
    if (adminId && (await findAdmin(catalog.db, adminId))) return response.redirect(303, '/admin');
    renderLogin(request, response, {});
  });

  router.post('/login', async (request, response) => {
    const email = textOf(request.body, 'email').trim();
    const password = textOf(request.body, 'password');
    const address = clientAddress(request);
    const waitSeconds = await loginLimits.retryAfterSeconds(email, address);
    if (waitSeconds > 0) {
      response.status(429).set('Retry-After', String(waitSeconds));
      const minutes = Math.ceil(waitSeconds / 60);
      const error = `Too many wrong passwords. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
      return renderLogin(request, response, { email, error });
    }
    const admin =
      password.length <= MAX_PASSWORD_LENGTH
        ? await findAdminByPassword(catalog.db, email, password)
        : undefined;
    if (!admin) {
      await loginLimits.failed(email, address);
      log.info({ address }, 'A login failed');
      response.status(422);
      return renderLogin(request, response, { email, error: 'The address or the password is not right.' });
    }
    await loginLimits.succeeded(email);
    await beginSession(request, admin);
    await redirectWithSession(request, response, safePath(textOf(request.body, 'next')));
  });

  router.post('/logout', async (request, response) => {
    await promisify(request.session.destroy.bind(request.session))();
    response.clearCookie('nipnime.sid', { path: '/admin' }).redirect(303, '/admin/login');
  });

  return router;
}

function renderLogin(
  request: Request,
  response: Response,
  { email = '', error }: { readonly email?: string; readonly error?: string },
): void {
  const { next } = request.query;
  response.set('Cache-Control', 'no-store').render('admin/login', {
    title: 'Log in',
    email,
    error,
    next: safePath(typeof next === 'string' ? next : textOf(request.body, 'next')),
  });
}

/** A new id, so that one that was known before the login opens nothing. */
async function beginSession(request: Request, admin: AdminUser): Promise<void> {
  await promisify(request.session.regenerate.bind(request.session))();
  request.session.adminId = admin.id;
}

/** A path of the back office, or its front page: never another site. */
function safePath(path: string): string {
  return /^\/admin\/[A-Za-z0-9/?=&_.%+-]*$/.test(path) && !path.startsWith('/admin/login') ? path : '/admin';
}
