import type { Request, Response } from 'express';

/**
 * Redirects when the session is saved. express-session sends the headers of an answer before it saves, and a browser
 * follows them at once: the next page would not know yet who has logged in, or what to tell.
 */
export async function redirectWithSession(
  request: Request,
  response: Response,
  address: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
  response.redirect(303, address);
}
