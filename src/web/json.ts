import express, { type RequestHandler } from 'express';
import { ClientError } from './error-handler';

const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  // What takes something else has read it already.
  if (Buffer.isBuffer(request.body)) return next();
  // Some requests need no body.
  const hasBody = request.is('*/*') !== null && request.get('Content-Length') !== '0';
  if (hasBody && !request.is('application/json')) {
    throw new ClientError(415, 'The body must be JSON: send "Content-Type: application/json".');
  }
  next();
};

/** Reads the JSON bodies of an API, and forbids everybody to keep the answers. */
export const jsonApi: readonly RequestHandler[] = [noStore, requireJson, express.json({ limit: '256kb' })];
