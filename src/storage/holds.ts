const PREFIX = 'inkling run ';

/** How long a run may still be held by a page that is just closing, in milliseconds. */
const CLOSING_MS = 1500;

/** The right to write to a run, of which there is one over all tabs. It ends with the worker that has it. */
export interface Hold {
  release(): void;
}

/** Takes hold of a run; undefined where another tab has it. */
export function holdRun(id: string, wait = CLOSING_MS): Promise<Hold | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(PREFIX + id, { signal: AbortSignal.timeout(wait) }, () => {
        return new Promise<void>((release) => resolve({ release }));
      })
      .catch((error) =>
        error?.name === 'TimeoutError' || error?.name === 'AbortError' ? resolve(undefined) : reject(error),
      );
  });
}

/**
 * The runs that some tab holds. Those who wait for a run to be free share its lock for a moment: that is no hold, and two
 * tabs that took it for one would wait for each other again and again.
 */
export async function heldRuns(): Promise<Set<string>> {
  const { held = [] } = await navigator.locks.query();
  const taken = held.filter(({ mode }) => mode === 'exclusive').map(({ name }) => name ?? '');
  return new Set(taken.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)));
}

/** Resolves when no tab holds a run any more: also when the tab that did was closed or has crashed. */
export function whenFree(id: string): Promise<void> {
  return navigator.locks.request(PREFIX + id, { mode: 'shared' }, () => {});
}
