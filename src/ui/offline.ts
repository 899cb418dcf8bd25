import { scriptAddress } from './script-address.ts';

/** A page that stays open asks for a new version when it is looked at again, at most this often, in milliseconds. */
const ASK_MS = 60 * 60 * 1000;

/**
 * Keeps the built page for use without a network. `updated` hears when a new version lies ready, and how to change to
 * it: that reloads the page, so it is for a person to say when. Never throws: the page works without.
 */
export async function keepOffline(updated: (change: () => void) => void): Promise<void> {
  // the development server's files change under one's hands
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  let changing = false;
  let controlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener('controllerchange', () => {
    if (changing) location.reload();
    else if (controlled) updated(() => location.reload()); // another tab has changed to it
    controlled = true;
  });
  try {
    const registration = await serviceWorker.register(scriptAddress('./service-worker.js'));
    const offer = () => {
      const { waiting } = registration;
      if (waiting === null || serviceWorker.controller === null) return;
      updated(() => {
        changing = true;
        waiting.postMessage('take over');
      });
    };
    offer();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer));
    let asked = performance.now();
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || performance.now() - asked < ASK_MS) return;
      asked = performance.now();
      void registration.update().catch(() => {}); // there is no network
    });
  } catch (error) {
    console.warn('The page is not kept for use without a network:', error);
  }
}
