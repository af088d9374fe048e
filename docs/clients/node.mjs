// Follows the latest episodes, with Node's fetch and the package eventsource-parser:
//
//   node docs/clients/node.mjs https://anime.example
import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';

const HELLO_MS = 10_000;
const SILENCE_MS = 40_000;
const READ_MS = 10_000;

const [site, given = ''] = process.argv.slice(2);
/** Up to here everything is known; empty when the list has to be read. */
let cursor = given;
let failures = 0;

for (;;) {
  const waitMs = await turn().catch((error) => {
    console.error(error.cause?.message ?? error.message);
    return backoffMs();
  });
  await sleep(waitMs);
}

/** Reads the list if need be, then the stream until it ends. Returns how long to wait before the next turn. */
async function turn() {
  if (cursor === '') await readList();
  return await follow();
}

async function readList() {
  // The deadline is that of the whole answer.
  const response = await fetch(`${site}/episodes/latest/grid`, { signal: AbortSignal.timeout(READ_MS) });
  if (!response.ok) throw new Error(`The list answered ${response.status}`);
  const html = await response.text();
  const found = /data-cursor="([^"]+)"/.exec(html)?.[1];
  if (!found) throw new Error('The answer holds no list');
  cursor = found;
  console.log(`read ${html.match(/<li data-key=/g)?.length ?? 0} episodes at ${cursor}`);
}

async function follow() {
  const life = new AbortController();
  const giveUp = () => life.abort(new Error('nothing was heard in time'));
  let deadline = setTimeout(giveUp, HELLO_MS);
  let greeted = false;
  let waitMs;
  const parser = createParser({
    maxBufferSize: 1_000_000,
    onEvent: ({ event, id, data }) => {
      // One read may bring events behind the one that ended it.
      if (waitMs !== undefined) return;
      waitMs = take(event, id, JSON.parse(data));
      greeted ||= event === 'hello';
    },
  });
  try {
    const response = await fetch(`${site}/events?topics=latest`, {
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': cursor },
      signal: life.signal,
    });
    if (response.status !== 200) throw new Error(`The stream answered ${response.status}`);
    const text = new TextDecoder();
    for await (const bytes of response.body) {
      parser.feed(text.decode(bytes, { stream: true }));
      if (waitMs !== undefined) return waitMs;
      if (!greeted) continue;
      clearTimeout(deadline);
      deadline = setTimeout(giveUp, SILENCE_MS);
    }
    throw new Error('The stream ended');
  } catch (error) {
    // It may have been any change.
    if (error instanceof SyntaxError) cursor = '';
    throw error;
  } finally {
    clearTimeout(deadline);
    life.abort();
  }
}

/** Returns how long to wait before the next stream when this one is over; undefined while it goes on. */
function take(event, id, { resume, key, rev, html, reason, spreadMs, retryMs }) {
  switch (event) {
    case 'hello':
      if (resume === 'fresh') {
        cursor = '';
        throw new Error('Something on the way takes Last-Event-ID out');
      }
      failures = 0;
      console.log(`live ${resume}`);
      break;
    case 'upsert':
    case 'remove':
      // Delivery is at least once.
      if (rev > seqOf(cursor)) console.log(`${event} ${key} ${rev} ${titleIn(html)}`.trim());
      break;
    case 'reset':
      // What is known can't be continued. Everybody was told at once, so everybody waits for a time of their own.
      console.log(`reset ${reason}`);
      cursor = '';
      return Math.random() * spreadMs;
    case 'bye':
      console.log(`bye ${reason}`);
      return retryMs;
  }
  if (id) cursor = id;
  return undefined;
}

/** A second to three, then up to twice as long with each failure, up to a minute; random, so that many don't come at once. */
function backoffMs() {
  const longestMs = Math.min(3_000 * 2 ** failures++, 60_000);
  return 1_000 + Math.random() * (longestMs - 1_000);
}

/** The item's title stands in its html, in parts: the series', and which episode it is. */
function titleIn(html = '') {
  return Array.from(html.matchAll(/ data-item-title>([^<]*)/g), ([, text]) => text).join(' – ');
}

function seqOf(id) {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}
