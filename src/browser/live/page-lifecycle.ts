import type { LiveStream } from './live-stream';

/** Keeps the stream no longer than the page: a page in the back-forward cache has none, and takes it up on return. */
export function followPageLifecycle(stream: LiveStream): void {
  window.addEventListener('pagehide', () => stream.close());
  window.addEventListener('pageshow', () => stream.open());
  // A connection that was made over the network before may hang until its silence is noticed.
  window.addEventListener('online', () => stream.reopen());
}
