import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers a request to publish, and gives its body to `send`. */
export function publish(
  request: IncomingMessage,
  response: ServerResponse,
  send: (frame: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    send(Buffer.concat(chunks));
    response.writeHead(202).end();
  });
}
