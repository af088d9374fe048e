// Follows the latest episodes in a browser, from any page of the site:
//
//   import { follow } from './browser.js';
//   const stop = follow(location.origin, console.log);

const HELLO_MS = 10_000;
const SILENCE_MS = 40_000;
const READ_MS = 10_000;

/** Calls `tell` with a line for each thing that happens. Returns a function that ends it. */
export function follow(site, tell, cursor = '') {
  let source;
  let timer;
  let failures = 0;
  let isOver = false;

  // An EventSource's own reconnects know no back-off and nothing of silence, so each one is opened here.
  function again(waitMs) {
    if (isOver) return;
    source?.close();
    clearTimeout(timer);
    timer = setTimeout(turn, waitMs);
  }

  async function turn() {
    try {
      if (cursor === '') await readList();
    } catch (error) {
      tell(`failed ${error.message}`);
      return again(backoffMs());
    }
    if (!isOver) open();
  }

  async function readList() {
    const response = await fetch(`${site}/episodes/latest/grid`, {
      cache: 'no-store',
      // Of the whole answer.
      signal: AbortSignal.timeout(READ_MS),
    });
    if (!response.ok) throw new Error(`The list answered ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const list = page.querySelector('[data-live-list]');
    if (!list?.dataset.cursor) throw new Error('The answer holds no list');
    cursor = list.dataset.cursor;
    tell(`read ${list.querySelectorAll('[data-live-items] > li').length} episodes at ${cursor}`);
  }

  function open() {
    const opened = new EventSource(`${site}/events?topics=latest&cursor=${encodeURIComponent(cursor)}`);
    source = opened;
    expectWithin(HELLO_MS);
    for (const type of ['hello', 'upsert', 'remove', 'reset', 'ping', 'bye']) {
      opened.addEventListener(type, ({ data, lastEventId }) => {
        // Closing a source doesn't take back the events that are already waiting.
        if (opened !== source) return;
        expectWithin(SILENCE_MS);
        const waitMs = take(type, data);
        if (waitMs === undefined) cursor = lastEventId || cursor;
        else {
          source = undefined;
          opened.close();
          again(waitMs);
        }
      });
    }
    opened.addEventListener('error', () => {
      if (opened === source) again(backoffMs());
    });
  }

  /** Returns how long to wait before the next stream when this one is over; undefined while it goes on. */
  function take(type, data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      // It may have been any change.
      cursor = '';
      return backoffMs();
    }
    const { resume, key, rev, html, reason, spreadMs, retryMs } = message;
    switch (type) {
      case 'hello':
        if (resume === 'fresh') {
          tell('failed Something on the way takes the cursor out');
          cursor = '';
          return backoffMs();
        }
        failures = 0;
        tell(`live ${resume}`);
        return undefined;
      case 'upsert':
      case 'remove':
        // Delivery is at least once.
        if (rev > seqOf(cursor)) tell(`${type} ${key} ${rev} ${titleIn(html)}`.trim());
        return undefined;
      case 'reset':
        // What is known can't be continued. Everybody was told at once, so everybody waits for a time of their own.
        tell(`reset ${reason}`);
        cursor = '';
        return Math.random() * spreadMs;
      case 'bye':
        tell(`bye ${reason}`);
        return retryMs;
    }
    return undefined;
  }

  function expectWithin(ms) {
    clearTimeout(timer);
    timer = setTimeout(() => again(backoffMs()), ms);
  }

  /** A second to three, then up to twice as long with each failure, up to a minute; random, so that many don't come at once. */
  function backoffMs() {
    const longestMs = Math.min(3_000 * 2 ** failures++, 60_000);
    return 1_000 + Math.random() * (longestMs - 1_000);
  }

  turn();
  return () => {
    isOver = true;
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
}

/** The item's title stands in its html, in parts: the series', and which episode it is. */
function titleIn(html = '') {
  const item = new DOMParser().parseFromString(html, 'text/html');
  return Array.from(item.querySelectorAll('[data-item-title]'), ({ textContent }) => textContent).join(' – ');
}

function seqOf(id) {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}
