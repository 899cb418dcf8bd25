import type { KeptFile } from './offline.ts';

/**
 * Keeps a copy of the whole site, so that the page opens and trains without a network. A new version is fetched beside
 * the old one and waits until no page of the old one is open, or until a person asks for it.
 */
declare const self: ServiceWorkerGlobalScope;
/** Written in when the site is built; see offline.ts. */
declare const __FILES__: KeptFile[];
declare const __VERSION__: string;

const { scope } = self.registration;
/** Other sites of the same host may have caches too. */
const OURS = `inkling ${scope} `;
const CACHE = OURS + __VERSION__;
/** Holds the name of the cache of the version that is active. */
const NOTES = `${OURS}notes`;
/** Files whose name changes with what is in them. */
const HASHED = new URL('assets/', scope).href;

const files = new Map(__FILES__.map(({ path, integrity }) => [new URL(path, scope).href, integrity]));

/** All files or none: what is not whole is no version. */
async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(
      [...files].map(async ([address, integrity]) => {
        const hashed = address.startsWith(HASHED);
        const known = hashed ? await caches.match(address, { ignoreVary: true }) : undefined;
        const response = known ?? (await fetch(address, { integrity, cache: hashed ? 'default' : 'no-cache' }));
        if (!response.ok) throw new Error(`${address} answers ${response.status}`);
        await cache.put(address, response);
      }),
    );
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/**
 * The version that was active until now stays: a page of it may be open still, and load a part that it has not needed so
 * far. One that has only waited in between goes.
 */
async function tidy(): Promise<void> {
  const notes = await caches.open(NOTES);
  const former = await (await notes.match(scope))?.text();
  await notes.put(scope, new Response(CACHE));
  const gone = (await caches.keys()).filter((name) => name.startsWith(OURS) && ![CACHE, NOTES, former].includes(name));
  // without a note, nobody knows which of them was active
  if (former !== undefined) await Promise.all(gone.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(address: string, request: Request): Promise<Response> {
  const cache = files.has(address) ? await caches.open(CACHE) : caches;
  return (await cache.match(address, { ignoreVary: true })) ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('message', ({ data }) => {
  if (data === 'take over') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  // what is asked for behind the page's own name is the same page
  const address = request.url.replace(/[?#].*$/, '').replace(/\/index\.html$/, '/');
  if (request.method === 'GET' && (files.has(address) || address.startsWith(HASHED))) {
    event.respondWith(answer(address, request));
  }
});
