import { PANELS, type PanelName } from './view.ts';

/** What a single key asks for. */
export type Shortcut =
  | { kind: 'help' | 'run' | 'stop' | 'prompt' | 'settings' | 'runs' }
  | { kind: 'panel'; panel: PanelName };

const KEYS: Record<string, Shortcut> = {
  '?': { kind: 'help' },
  t: { kind: 'run' },
  s: { kind: 'stop' },
  p: { kind: 'prompt' },
  c: { kind: 'settings' },
  r: { kind: 'runs' },
  ...Object.fromEntries(PANELS.map((panel, i) => [String(i + 1), { kind: 'panel', panel } as const])),
};

/** What a key asks for, or nothing: while a person types or holds it, and while a dialog has the word. */
export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
  const { key, repeat, ctrlKey, metaKey, altKey, isComposing, defaultPrevented } = event;
  if (repeat || ctrlKey || metaKey || altKey || isComposing || defaultPrevented) return undefined;
  const path = event.composedPath().filter((target) => target instanceof HTMLElement);
  if (path.some(typedInto)) return undefined;
  const shortcut = KEYS[key.toLowerCase()];
  return shortcut && hasModal(document) ? undefined : shortcut;
}

/** Whether a dialog has the page to itself, in whichever shadow root. */
function hasModal(root: Document | ShadowRoot): boolean {
  if (root.querySelector(':modal') !== null) return true;
  return [...root.querySelectorAll('*')].some(({ shadowRoot }) => shadowRoot !== null && hasModal(shadowRoot));
}

/** Whether the element takes letters or digits for itself. A list goes by what is typed too. */
function typedInto(element: HTMLElement): boolean {
  if (element instanceof HTMLInputElement)
    return !/^(button|checkbox|radio|range|reset|submit|file)$/.test(element.type);
  return element.isContentEditable || element.matches('textarea, select, [role="textbox"], [role="listbox"]');
}
