import type { InklingPage } from './elements/inkling-page.ts';
import type { RunCommand } from './elements/run-controls.ts';
import { fetchPart } from './fetch-part.ts';
import { keepOffline } from './offline.ts';
import { followPreferences, loadPreferences, type Preferences } from './preferences.ts';
import type { Player } from './recording/player.ts';
import type { RecordingCommand } from './recording/recording.ts';
import { shortcutOf } from './shortcuts.ts';
import type { Store } from './store.ts';
import { RECORDING } from './strings.ts';
import { isActive, mainCommand } from './view.ts';

/**
 * What the page does beside training: help, keys, preferences, the recorded run, and its own newer versions. `obey`
 * does what the buttons of a run do.
 */
export function attend(page: InklingPage, store: Store, obey: (command: RunCommand) => unknown): void {
  const on = <T>(name: string, handle: (detail: T) => unknown) =>
    page.addEventListener(name, (event) => handle((event as CustomEvent<T>).detail));

  on<Partial<Preferences>>('preferences-change', (preferences) =>
    store.dispatch({ kind: 'preferences-changed', preferences }),
  );
  followPreferences(store);
  store.dispatch({ kind: 'preferences-changed', preferences: loadPreferences() });

  /** Fetched when it is first asked for, as is the recording. */
  const help = async () => {
    const fetched = await fetchPart(page, () => import('./elements/help-dialog.ts'));
    if (fetched !== null) await page.showHelp();
  };
  on<undefined>('help', help);

  document.addEventListener('keydown', async (event) => {
    const shortcut = store.view.preferences.shortcuts ? shortcutOf(event) : undefined;
    if (shortcut === undefined) return;
    event.preventDefault();
    const { kind } = shortcut;
    if (kind === 'help') return help();
    if (kind === 'run') return void obey(mainCommand(store.view.phase));
    if (kind === 'stop') return void (isActive(store.view.phase) && obey('stop'));
    store.dispatch({ kind: 'panel-chosen', panel: kind === 'panel' ? shortcut.panel : 'train' });
    await page.updateComplete;
    page.goTo(kind);
  });

  let player: Promise<Player> | null = null;
  on<RecordingCommand>('recording-command', async (command) => {
    try {
      player ??= import('./recording/player.ts').then(({ openPlayer }) => openPlayer(store));
      (await player).obey(command);
    } catch {
      player = null; // the next asking may be luckier
      store.dispatch({ kind: 'refused', failure: RECORDING.notFetched });
    }
  });

  let changeVersion = () => {};
  const offer = (change: () => void) => {
    changeVersion = change;
    store.dispatch({ kind: 'update-ready', ready: true });
  };
  on<undefined>('update', () => changeVersion());
  on<undefined>('dismiss-update', () => store.dispatch({ kind: 'update-ready', ready: false }));
  // once the page has all that it needs itself
  addEventListener('load', () => void keepOffline(offer));
}
