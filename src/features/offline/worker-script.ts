import { createHash } from 'node:crypto';

const NAME = 'nipnime-offline-';

/**
 * The text of the service worker. It shows the offline page where a navigation fails, with the files that the page is made of, and
 * takes no other request: streams, events, fragments and the back office pass it by as if it were not there.
 * @param files the offline page first, then what it needs; a change of any of them is another version
 */
export function workerScript(files: readonly string[], content: string): string {
  const version = createHash('sha256')
    .update(JSON.stringify([files, content]))
    .digest('hex')
    .slice(0, 12);
  return `'use strict';
const CACHE = '${NAME}${version}';
const FILES = ${JSON.stringify(files)};

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('${NAME}') && name !== CACHE;
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname === '/admin' || url.pathname.startsWith('/admin/')) return;
    event.respondWith(fetch(request).catch(async (error) => {
      const page = await caches.match(FILES[0], { cacheName: CACHE });
      if (!page) throw error;
      return page;
    }));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(fetch(request).catch(async (error) => {
      const file = await caches.match(url.pathname, { cacheName: CACHE });
      if (!file) throw error;
      return file;
    }));
  }
});
`;
}

/** Takes the place of the worker where it is switched off: removes what it kept, and itself. */
export const REMOVING_SCRIPT = `'use strict';
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith('${NAME}')).map((name) => caches.delete(name))))
      .then(() => self.registration.unregister()),
  );
});
`;
