import type { FollowedEvent } from './stream-follower';

/** `13:07:05.123  upsert  k3f9.10423  812  Frieren – Episode 12 (inserted)` */
export function eventLine({ id = '', event, outcome }: FollowedEvent, at = new Date()): string {
  const parts = [at.toISOString().slice(11, 23), event.type.padEnd(6), id.padEnd(14)];
  const done = outcome ? ` (${outcome})` : '';
  switch (event.type) {
    case 'upsert':
      // The title comes from the site; a terminal takes orders from control characters.
      return [...parts, event.episodeId.padEnd(7), `${plain(event.title)}${done}`].join('  ');
    case 'remove':
      return [...parts, event.episodeId.padEnd(7), done.trim()].join('  ');
    case 'hello':
      return [...parts, event.resume].join('  ');
    case 'reset':
      return [...parts, `the grid is read again within ${event.spreadMs / 1_000} s`].join('  ');
    case 'bye':
      return [...parts, `back in ${event.retryMs / 1_000} s`].join('  ');
    case 'ping':
      return parts.join('  ').trimEnd();
    default:
      return event satisfies never;
  }
}

function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
