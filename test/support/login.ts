import request from 'supertest';
import type { SiteNode } from '../../src/process/node';

export type Agent = ReturnType<typeof request.agent>;

/** Sends the log-in form as a browser does that says where it comes from, which needs no page first. */
export function sendLogin(
  agent: Agent,
  { email, password, address, ...fields }: Readonly<Record<string, string>>,
) {
  const form = new URLSearchParams({ email: email ?? '', password: password ?? '', ...fields });
  const sending = agent.post('/admin/login').set('Sec-Fetch-Site', 'same-origin').type('form');
  if (address !== undefined) sending.set('X-Forwarded-For', address);
  return sending.send(form.toString());
}

/** A browser without cookies. */
export function newBrowser(site: Pick<SiteNode, 'app'>): Agent {
  return request.agent(site.app);
}
