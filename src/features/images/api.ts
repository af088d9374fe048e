import express, { type Request, type RequestHandler } from 'express';
import { ClientError } from '../../web/error-handler';
import { type ImageKind, MAX_UPLOAD_BYTES, problemText } from './fields';
import { type ImageContext, takeImage } from './images';

/** What a body that is a picture may be said to be. What it is, is seen by its bytes. */
const TYPES = ['image/*', 'application/octet-stream'];

const requirePicture: RequestHandler = (request, _response, next) => {
  const hasBody = request.is('*/*') !== null && request.get('Content-Length') !== '0';
  if (hasBody && !request.is(TYPES))
    throw new ClientError(
      415,
      'The body must be the picture: send "Content-Type: image/jpeg", or whichever it is.',
    );
  next();
};

/** Reads a picture that is the body of a request, up to what one may have. */
export const readPicture: readonly RequestHandler[] = [
  requirePicture,
  express.raw({ type: TYPES, limit: MAX_UPLOAD_BYTES, inflate: false }),
];

/** Keeps the picture that was sent, as a form does, and gives its name. @throws {ClientError} when it can't be taken */
export async function takePicture(images: ImageContext, { body }: Request, kind: ImageKind): Promise<string> {
  const taken = await takeImage(images, Buffer.isBuffer(body) ? body : Buffer.alloc(0), kind);
  if ('name' in taken) return taken.name;
  if (taken.problem === 'busy')
    throw new ClientError(429, 'Many pictures are being looked at just now. Send it again in a while.');
  const message = problemText(kind, taken.problem) ?? taken.problem;
  throw new ClientError(422, 'The picture can’t be taken.', [{ field: kind, message }]);
}
