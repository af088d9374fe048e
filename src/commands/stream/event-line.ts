import { itemTitle } from './item-title';
import type { FollowedEvent } from './stream-follower';

/** `13:07:05.123  upsert  k3f9.10423  812  Frieren – Episode 12 (inserted)` */
export function eventLine({ id, event, outcome }: FollowedEvent, at = new Date()): string {
  const parts = [at.toISOString().slice(11, 23), event.type.padEnd(7), id.padEnd(14)];
  const done = outcome ? ` (${outcome})` : '';
  switch (event.type) {
    case 'upsert':
      // The title comes from the site; a terminal takes orders from control characters.
      return [...parts, event.key.padEnd(7), `${plain(itemTitle(event.html))}${done}`].join('  ');
    case 'remove':
      return [...parts, event.key.padEnd(7), done.trim()].join('  ');
    case 'hello':
      return [...parts, event.resume].join('  ');
    case 'reset':
      return [
        ...parts,
        `${plain(event.reason)}: the list is read again within ${event.spreadMs / 1_000} s`,
      ].join('  ');
    case 'bye':
      return [...parts, `${plain(event.reason)}: back in ${event.retryMs / 1_000} s`].join('  ');
    case 'ping':
      return [...parts, plain(event.head)].join('  ');
    case 'whisper':
      return [...parts, plain(`${event.topic} ${event.key}: ${event.value}`)].join('  ');
    default:
      return event satisfies never;
  }
}

function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
