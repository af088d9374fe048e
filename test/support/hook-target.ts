import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Network } from '../../src/platform/public-fetch';

export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** Everything leads to this machine, and may. */
export const LOOPBACK: Network = {
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  isAllowed: () => true,
  isAllowedPort: () => true,
};

/** What webhooks are sent to. `received` are their messages, in order. */
export async function startHookTarget() {
  const received: Received[] = [];
  let answer: (received: Received) => Answer | Promise<Answer> = () => ({ status: 204 });
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += String(part);
    });
    request.on('end', () => {
      const message = { headers: request.headers, body };
      received.push(message);
      void Promise.resolve(answer(message)).then(({ status, headers, body: text }) =>
        response.writeHead(status, headers).end(text),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://hook.example:${(server.address() as AddressInfo).port}/in?token=undisclosed`,
    received,
    answerWith: (next: typeof answer): void => {
      answer = next;
    },
    close: (): void => {
      server.closeAllConnections();
      server.close();
    },
  };
}
