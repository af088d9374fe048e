import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** Videos come from wherever an admin says, over https or from this machine. */
const VIDEO_SOURCES = ['https:', 'http://localhost:*', 'http://127.0.0.1:*'];

/** A page that embeds a player says of whom it does. */
const NO_FRAMES = "'none'";

/** The policy with frames of these origins alone, or of the site itself as `'self'`. */
export function allowFrames(policy: string, origins: readonly string[]): string {
  return origins.length === 0
    ? policy
    : policy.replace(`frame-src ${NO_FRAMES}`, `frame-src ${origins.join(' ')}`);
}

/** The headers that every answer carries: names and values. Nothing in them depends on the request. */
export function securityHeaders(): ReadonlyMap<string, string> {
  // Helmet only knows how to set them on an answer: this one is never sent.
  const answer = new ServerResponse(new IncomingMessage(new Socket()));
  setByHelmet(answer.req, answer, (error) => {
    if (error) throw error;
  });
  answer.setHeader('Permissions-Policy', PERMISSIONS);
  return new Map(Object.entries(answer.getHeaders()).map(([name, value]) => [name, String(value)]));
}

const setByHelmet = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'none'"],
      connectSrc: ["'self'", ...VIDEO_SOURCES],
      fontSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
      frameSrc: [NO_FRAMES],
      imgSrc: ["'self'", 'https:', 'data:'],
      mediaSrc: ["'self'", 'blob:', ...VIDEO_SOURCES],
      objectSrc: ["'none'"],
      scriptSrc: ["'self'"],
      scriptSrcAttr: ["'none'"],
      styleSrc: ["'self'"],
      workerSrc: ["'self'", 'blob:'],
    },
  },
  // Embedded players may need to know which site they are on.
  referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  crossOriginEmbedderPolicy: false,
  // Other hosts of the owner, under the same domain, are not ours to decide about.
  strictTransportSecurity: { maxAge: 365 * 24 * 3_600, includeSubDomains: false },
});

/** Players keep the features that they need; views/watch/player.ejs hands these on. Nobody needs the rest. */
const PERMISSIONS = [
  ...['autoplay', 'encrypted-media', 'fullscreen', 'picture-in-picture'].map((name) => `${name}=*`),
  ...[
    'accelerometer',
    'camera',
    'display-capture',
    'geolocation',
    'gyroscope',
    'hid',
    'idle-detection',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'serial',
    'usb',
    'xr-spatial-tracking',
  ].map((name) => `${name}=()`),
].join(', ');
