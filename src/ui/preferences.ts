import { KeepAwake } from './keep-awake.ts';
import type { Store } from './store.ts';

/** What a person has chosen about the page itself; kept in this browser, and no part of a run. */
export interface Preferences {
  theme: Theme;
  /** Whether single keys are commands. Off for those whose speech or switch input would press them by chance. */
  shortcuts: boolean;
  /** Whether the screen stays on while a run goes. */
  awake: boolean;
}

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'inkling.preferences';
export const DEFAULT_PREFERENCES: Preferences = { theme: 'system', shortcuts: true, awake: false };

/** What is kept, or the defaults: also where the browser keeps nothing, or something else stands there. */
export function loadPreferences(): Preferences {
  try {
    const kept: Partial<Record<keyof Preferences, unknown>> = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const { theme, shortcuts, awake } = DEFAULT_PREFERENCES;
    return {
      theme: THEMES.find((one) => one === kept.theme) ?? theme,
      shortcuts: typeof kept.shortcuts === 'boolean' ? kept.shortcuts : shortcuts,
      awake: typeof kept.awake === 'boolean' ? kept.awake : awake,
    };
  } catch {
    return DEFAULT_PREFERENCES;
  }
}

function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // it holds for this visit
  }
}

/**
 * Makes the page light or dark, against the system if asked for: the style sheet's rules for a dark system are then for
 * every one, or for none. Canvases hear a `scheme-change` of the document and draw anew.
 */
function applyTheme(theme: Theme): void {
  const dark = { system: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' }[theme];
  const light = { system: '(prefers-color-scheme: light)', light: 'all', dark: 'not all' }[theme];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule instanceof CSSMediaRule && darkRules.has(rule)) rule.media.mediaText = dark;
      else if (rule instanceof CSSMediaRule && rule.media.mediaText === '(prefers-color-scheme: dark)') {
        darkRules.add(rule);
        rule.media.mediaText = dark;
      }
    }
  }
  const [forLight, forDark] = document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]');
  if (forLight) forLight.media = light;
  if (forDark) forDark.media = dark;
  document.documentElement.style.colorScheme = theme === 'system' ? '' : theme;
  document.dispatchEvent(new Event('scheme-change'));
}

const darkRules = new WeakSet<CSSMediaRule>();

/** Does what the preferences of the store's view ask for, and keeps them. */
export function followPreferences(store: Store): void {
  const awake = new KeepAwake();
  let last = DEFAULT_PREFERENCES;
  store.addEventListener('change', () => {
    const { preferences, phase } = store.view;
    awake.wanted = preferences.awake && (phase === 'preparing' || phase === 'running');
    if (preferences === last) return;
    if (preferences.theme !== last.theme) applyTheme(preferences.theme);
    keepPreferences(preferences);
    last = preferences;
  });
}
