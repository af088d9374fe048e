import { Announcer } from './announcer';
import { Arrivals } from './arrivals';
import { GridRefresh } from './grid-refresh';
import { HeadPoll } from './head-poll';
import { LiveGrid } from './live-grid';
import { LivePreference } from './live-preference';
import { showLiveState, shownState } from './live-state';
import { LiveStream, type StreamState } from './live-stream';
import { followLiveSwitch } from './live-switch';
import { NewCardsPill } from './new-cards-pill';
import { followPageLifecycle } from './page-lifecycle';
import { SHARED_STREAM, SharedStream, type SharedStreamOptions } from './shared-stream';
import { parseStreamEvent, type StreamEvent, type StreamMessage } from './stream-event';
import { TitleCount } from './title-count';
import { Toast } from './toast';
import { isAtRest } from './visitor';

export type LiveElements = {
  readonly grid: HTMLElement;
  readonly announcer: HTMLElement;
  readonly state: HTMLElement;
  readonly liveSwitch: HTMLButtonElement;
  readonly pill: HTMLButtonElement;
  readonly toast: HTMLElement;
  readonly toastLink: HTMLAnchorElement;
  readonly toastDismiss: HTMLElement;
};

/** An event that can't be read may have been any change, so everything is read again. */
const NOT_UNDERSTOOD = { type: 'reset', spreadMs: 8_000 } as const satisfies StreamEvent;
/** One tab alone has missed something. */
const MISSED_SPREAD_MS = 500;

/** From the stream to the grid, and to all that tells of it. */
export function keepLive(elements: LiveElements): void {
  const grid = new LiveGrid(elements.grid);
  const refresh = new GridRefresh({
    fetchGrid: (signal) => fetchFragment(grid.fragmentUrl, signal),
    parse: (html) => grid.parse(html),
    apply: (event) => arrivals.apply(event),
    onReplaced: () => arrivals.forgetWaiting(),
    onPending: () => showState(),
    onError: reportError,
  });
  const { arrivals } = showArrivals(elements, grid);
  const preference = new LivePreference(() => window.localStorage);
  const poll = new HeadPoll(async () => {
    if (document.visibilityState === 'hidden') return;
    isAnswered = await refresh.poll(stream.position);
    showState();
  });
  let streamState: StreamState = 'closed';
  let isAnswered = false;

  const stream = new SharedStream({
    cursor: grid.cursor,
    sharing: sharingOfBrowser(),
    connect: (options) =>
      new LiveStream({
        ...options,
        openSource: (cursor) => new EventSource(`/events?cursor=${encodeURIComponent(cursor)}`),
      }),
    isHidden: () => document.visibilityState === 'hidden',
    onMessage: receive,
    onState: (state) => {
      streamState = state;
      if (state === 'polling') poll.start();
      else poll.stop();
      showState();
    },
    onMissed: (reached) => refresh.request(MISSED_SPREAD_MS, reached),
    onNotTaken: (error, reached) => {
      reportError(error);
      refresh.request(NOT_UNDERSTOOD.spreadMs, reached);
    },
    onError: reportError,
  });

  function receive({ type, data, id }: StreamMessage): void {
    const event = parseStreamEvent(type, data) ?? NOT_UNDERSTOOD;
    if (event.type === 'reset') refresh.request(event.spreadMs, id);
    if (event.type !== 'upsert' && event.type !== 'remove') return;
    refresh.note(event);
    arrivals.apply(event);
  }

  function showState(): void {
    const { isOn: isWanted } = preference;
    const { isPending } = refresh;
    const situation = { isWanted, stream: streamState, isOnline: navigator.onLine, isPending, isAnswered };
    showLiveState(elements.state, shownState(situation));
  }

  function start(): void {
    if (!preference.isOn) return showState();
    refresh.start();
    stream.start();
  }

  function stop(): void {
    refresh.stop();
    stream.stop();
  }

  followLiveSwitch(elements.liveSwitch, preference, () => {
    if (!preference.isOn) stop();
    start();
  });
  followPageLifecycle({
    enter: start,
    leave: stop,
    wake: () => stream.wake(),
    rest: () => stream.rest(),
    networkChanged: () => {
      stream.reconnect();
      showState();
    },
  });
  start();
}

async function fetchFragment(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { cache: 'no-store', signal });
  if (!response.ok) throw new Error(`The grid answered ${response.status}`);
  return response.text();
}

/** Where new cards go, and who is told: the announcer always, the toast of what is seen to come in, else the pill. */
function showArrivals(elements: LiveElements, grid: LiveGrid): { readonly arrivals: Arrivals } {
  const announcer = new Announcer(elements.announcer);
  const toast = new Toast(elements.toast, elements.toastLink, elements.toastDismiss);
  const title = new TitleCount();
  const pill = new NewCardsPill(elements.pill, {
    onPress: () => grid.focusFirst(arrivals.showWaiting()),
  });
  const arrivals = new Arrivals({
    grid,
    isAtRest: () => isAtRest(elements.grid),
    onNew: (event, place) => {
      announcer.announceNewEpisode();
      title.add(event.episodeId);
      if (place === 'shown') toast.show(event);
    },
    onRemoved: (episodeId) => {
      toast.withdraw(episodeId);
      title.remove(episodeId);
    },
    onWaiting: (count) => pill.show(count),
  });
  return { arrivals };
}

/** Web Locks exist in secure contexts only, and neither is everywhere. */
function sharingOfBrowser(): SharedStreamOptions['sharing'] {
  if (!('locks' in navigator) || !('BroadcastChannel' in window)) return undefined;
  return { locks: navigator.locks, openChannel: () => new BroadcastChannel(SHARED_STREAM) };
}
