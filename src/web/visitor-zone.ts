import type { IncomingMessage } from 'node:http';
import { cookieOf } from './cookies';
import { isTimeZone, UTC } from './time-zone';

/** The visitor's time zone, as the page's script has noted it; UTC where none did, or where this node doesn't know it. */
export function zoneOf(request: IncomingMessage): string {
  try {
    const zone = decodeURIComponent(cookieOf(request, 'zone') ?? '');
    return isTimeZone(zone) ? zone : UTC;
  } catch {
    return UTC;
  }
}
