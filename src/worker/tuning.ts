import { openDB } from 'idb';
import { isChoice, type TuningMemory } from '../graph/tuner.ts';

const STORE = 'products';

/** Keeps the tuner's choices in a database of its own. A browser that keeps nothing forgets them, and that is all. */
export const tuningMemory: TuningMemory = {
  async recall(adapter) {
    try {
      const known: unknown = await (await open()).get(STORE, adapter);
      return isChoice(known) ? known : {};
    } catch {
      return {};
    }
  },
  async keep(adapter, choices) {
    try {
      await (await open()).put(STORE, choices, adapter);
    } catch {
      // they are found again at the next start
    }
  },
};

function open() {
  return openDB('inkling-tuning', 1, { upgrade: (database) => void database.createObjectStore(STORE) });
}
