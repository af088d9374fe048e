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

/** Reads until the text has come; gives all that was read. One listener for all of it: chunks may come in one turn. */
export function readUntil(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (!received.includes(text)) return;
      socket.off('data', onData).off('close', onClose);
      resolve(received);
    };
    const onClose = (): void =>
      reject(new Error(`The connection was closed before "${text}" came:\n${received}`));
    socket.on('data', onData).once('close', onClose);
  });
}
