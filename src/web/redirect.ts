import type { Request, Response } from 'express';

/**
 * Redirects when the session is saved. express-session sends the headers of an answer before it saves, and a browser
 * follows them at once: the next page would not know yet who has logged in, or what to tell.
 * @param status 307: the browser sends the same form there
 */
export async function redirectWithSession(
  request: Request,
  response: Response,
  address: string,
  status: 303 | 307 = 303,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
  response.redirect(status, address);
}
