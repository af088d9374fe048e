import { Announcer } from './live/announcer';
import { GridRefresh } from './live/grid-refresh';
import { LiveGrid } from './live/live-grid';
import { showLiveState } from './live/live-state';
import { LiveStream } from './live/live-stream';
import { followPageLifecycle } from './live/page-lifecycle';
import type { RemoveEvent, StreamEvent, UpsertEvent } from './live/stream-event';

const root = document.querySelector<HTMLElement>('[data-live-grid]');
const region = document.querySelector<HTMLElement>('[data-live-announcer]');
const stateLabel = document.querySelector<HTMLElement>('[data-live-state]');
if (root && region && stateLabel && 'EventSource' in window) keepLive(root, region, stateLabel);

/** From the stream to the grid. What is to come between the two (waiting, telling, sharing) goes in here. */
function keepLive(gridRoot: HTMLElement, statusRegion: HTMLElement, label: HTMLElement): void {
  const grid = new LiveGrid(gridRoot);
  const announcer = new Announcer(statusRegion);
  const refresh = new GridRefresh(grid, apply);

  function apply(event: UpsertEvent | RemoveEvent): void {
    if (event.type === 'remove') {
      grid.remove(event);
      return;
    }
    const outcome = grid.upsert(event);
    if (outcome === 'inserted' && event.isNew) announcer.announceNewEpisode();
  }

  function receive(event: StreamEvent): void {
    switch (event.type) {
      case 'upsert':
      case 'remove':
        refresh.note(event);
        return apply(event);
      case 'reset':
        return refresh.request(event.spreadMs);
      case 'hello':
      case 'ping':
      case 'bye':
        return;
      default:
        return event satisfies never;
    }
  }

  const stream = new LiveStream({
    url: '/events',
    cursor: grid.cursor,
    onEvent: receive,
    onState: (state) => showLiveState(label, state),
  });
  followPageLifecycle(stream);
  stream.open();
}
