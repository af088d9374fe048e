import type { Words } from '../../web/words';
import type { UsualDelay } from './usual-delay';

const MINUTE_MS = 60_000;

/** When what is broadcast at this time is usually here, to the minute. */
export function hereAt(broadcast: Date, { medianMs }: UsualDelay): Date {
  return new Date(Math.round((broadcast.getTime() + medianMs) / MINUTE_MS) * MINUTE_MS);
}

/** `±4 min` */
export function usualText({ spreadMs }: UsualDelay, { t }: Words): string {
  return t('schedule.spread', { count: Math.max(1, Math.round(spreadMs / MINUTE_MS)) });
}
