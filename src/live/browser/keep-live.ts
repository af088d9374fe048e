import type { ListEvents } from '../state/list-store';
import { type Divergence, type ListOfPage, LivePage, streamPath } from '../state/live-page';
import { SHARED_STREAM, type SharedStreamOptions } from '../state/shared-stream';
import { shownState } from '../state/shown-state';
import { Announcer } from './announcer';
import { bringIntoView } from './bring-into-view';
import type * as Changes from './changes';
import { browserClock } from './clock';
import { ListElement } from './list-element';
import { LivePreference } from './live-preference';
import { LiveState } from './live-state';
import { followLiveSwitch } from './live-switch';
import { LiveValues } from './live-values';
import { followPageLifecycle } from './page-lifecycle';
import { followPillKey, Pill } from './pill';
import { TitleCount } from './title-count';
import { Toast } from './toast';
import { Visitor } from './visitor';
import { Words } from './words';

export type KeepLiveOptions = {
  /** Makes of what is the same for everybody what this visitor reads: local times. */
  readonly localize: (root: ParentNode) => void;
};

/** Keeps every list of the page as the site is, and tells of it where the page has a place for that. */
export async function keepLive({ localize }: KeepLiveOptions): Promise<void> {
  const values = new LiveValues(document);
  const roots = [...document.querySelectorAll<HTMLElement>('[data-live-list]')];
  if (roots.length === 0 && values.topics.length === 0) return;
  const sharing = await sharingOfBrowser();
  const tellers = findTellers();
  const preference = new LivePreference(() => window.localStorage);
  let changes: typeof Changes | undefined;
  const page: LivePage<HTMLElement> = new LivePage({
    clock: browserClock,
    lists: roots.map((root, index) =>
      listOfPage(root, { localize, tellers, showWaiting: () => page.lists[index]?.showWaiting() ?? [] }),
    ),
    topics: values.topics,
    tickets: [...roots.flatMap(({ dataset }) => dataset.ticket ?? []), ...values.tickets],
    sharing,
    openSource: (request) => new EventSource(streamPath(request)),
    openOther: (request) => changes?.openChanges(request, browserClock),
    isHidden: () => document.visibilityState === 'hidden',
    onSituation: () => showState(),
    onWhisper: (whisper) => values.show(whisper),
    onDivergence: report,
    // It must be called as a method of the window.
    onError: (error) => reportError(error),
  });
  const label = document.querySelector<HTMLElement>('[data-live-state]');
  const state = label && new LiveState(label, () => secondsSince(page.checkedAtMs));

  function showState(): void {
    const { stream, ...situation } = page.situation;
    // Until the next try it is there.
    if (stream === 'polling')
      void import('./changes').then(
        (loaded) => {
          changes = loaded;
        },
        () => undefined,
      );
    state?.show(shownState({ isWanted: preference.isOn, stream, isOnline: navigator.onLine, ...situation }));
  }

  function start(): void {
    if (preference.isOn) page.start();
    else showState();
  }

  followPillKey();
  document.querySelector<HTMLElement>('[data-live-controls]')?.setAttribute('data-ready', '');
  const liveSwitch = document.querySelector<HTMLButtonElement>('[data-live-switch]');
  followLiveSwitch(liveSwitch, preference, () => {
    if (!preference.isOn) page.stop();
    start();
  });
  followPageLifecycle({
    enter: start,
    leave: () => page.stop(),
    wake: () => page.wake(),
    rest: () => page.rest(),
    networkChanged: () => {
      page.reconnect();
      showState();
    },
  });
  start();
}

/** Who is told of news: each only where the page has a place for it. */
type Tellers = {
  readonly announcer: Announcer | undefined;
  readonly toast: Toast | undefined;
  readonly title: TitleCount;
};

function findTellers(): Tellers {
  const find = <E extends HTMLElement>(name: string): E | null =>
    document.querySelector<E>(`[data-live-${name}]`);
  const region = find('announcer');
  const [toast, link, dismiss] = [
    find('toast'),
    find<HTMLAnchorElement>('toast-link'),
    find('toast-dismiss'),
  ];
  return {
    announcer: region ? new Announcer(region) : undefined,
    toast: toast && link && dismiss ? new Toast(toast, link, dismiss) : undefined,
    title: new TitleCount(),
  };
}

type ListSurroundings = KeepLiveOptions & {
  readonly tellers: Tellers;
  /** Inserts what waits; returns its keys. */
  readonly showWaiting: () => readonly string[];
};

function listOfPage(root: HTMLElement, surroundings: ListSurroundings): ListOfPage<HTMLElement> {
  const { localize, tellers, showWaiting } = surroundings;
  const visitor = new Visitor(root);
  const element = new ListElement(root, { localize, visitor });
  const words = new Words(root);
  const button = document.querySelector<HTMLButtonElement>(
    `[data-live-pill][aria-controls="${CSS.escape(root.id)}"]`,
  );
  const pill = button && new Pill(button, words, () => showNews(element, showWaiting()));
  return {
    store: element,
    events: {
      ...tellOf(words, element, tellers),
      // Where nothing could show later what waits, nothing does.
      mayInsert: (before) => !pill || visitor.mayInsertAt(element.placeOf(before)),
      onWaiting: (count, isAtLeast) => pill?.show(count, isAtLeast),
    },
    fetch: (signal) => fetchList(root.dataset.fragmentUrl ?? '', signal),
    parse: (html) => element.parseAnswer(html),
  };
}

/** The announcer is told of all news, the toast of what is seen to come in; of the rest the pill. */
function tellOf(
  words: Words,
  { rules: { topic } }: ListElement,
  { announcer, toast, title }: Tellers,
): Pick<ListEvents<HTMLElement>, 'onNews' | 'onGone'> {
  return {
    onNews: ({ key, body }, place) => {
      announcer?.announce(words);
      title.add(`${topic} ${key}`);
      if (place === 'shown') toast?.show(`${topic} ${key}`, body);
    },
    onGone: (key) => {
      toast?.withdraw(`${topic} ${key}`);
      title.remove(`${topic} ${key}`);
    },
  };
}

function showNews(element: ListElement, keys: readonly string[]): void {
  const item = element.focusFirst(keys);
  if (!item) return;
  const isTop = element.rules.order === 'descending' && element.items[0]?.key === item.dataset.key;
  bringIntoView(item, isTop);
}

async function fetchList(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { cache: 'no-store', signal });
  if (!response.ok) throw new Error(`The list answered ${response.status}`);
  return response.text();
}

/** The site counts pages that were wrong: it is a bug of its own. */
function report(divergence: Divergence): void {
  void fetch('/events/divergence', {
    method: 'POST',
    keepalive: true,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(divergence),
  }).catch(() => {
    // The page is mended all the same.
  });
}

function secondsSince(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : (browserClock.now() - ms) / 1_000;
}

async function sharingOfBrowser(): Promise<SharedStreamOptions['sharing']> {
  if (!('BroadcastChannel' in window)) return undefined;
  const openChannel = () => new BroadcastChannel(SHARED_STREAM);
  if ('locks' in navigator) return { locks: navigator.locks, openChannel };
  try {
    const { ChannelLocks } = await import('../state/channel-locks');
    const openLockChannel = (name: string) => new BroadcastChannel(`${name}-lock`);
    return { locks: new ChannelLocks({ clock: browserClock, openChannel: openLockChannel }), openChannel };
  } catch (error) {
    // Every tab has a connection of its own then.
    reportError(error);
    return undefined;
  }
}
