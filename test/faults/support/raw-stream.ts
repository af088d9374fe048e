import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client of the stream without any cleverness: a socket that has sent a request. */
export async function requestStream(port: number, path = '/events'): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  return socket;
}

/** Reads until the text has come; gives all that was read. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
  let received = '';
  for (;;) {
    if (received.includes(text)) return received;
    const [chunk] = await Promise.race([
      once(socket, 'data'),
      once(socket, 'close').then(() => {
        throw new Error(`The connection was closed before "${text}" came:\n${received}`);
      }),
    ]);
    received += String(chunk);
  }
}
