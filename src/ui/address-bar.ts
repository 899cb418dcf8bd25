import type { RunSummary } from '../worker/messages.ts';
import { type Link, type LinkedText, type ReadLink, readLink, writeLink } from './link.ts';
import { choicesIn, settingsOf } from './settings.ts';
import { LINK } from './strings.ts';
import { chosenPreset, neededText, type View } from './view.ts';

/** The text that is learned unless another one is chosen. */
export const FIRST_TEXT = 'moby-dick';

/** What a link to the present settings says. */
export function linkOf(view: View): Link {
  const { text, link, start, settings, panel } = view;
  const from = start.from !== 'new' && start.described !== null ? start.described.name : null;
  return {
    text: text === null ? (link?.text ?? null) : asLinked(text),
    // another adapter suggests another preset, and another text has other products
    settings: {
      ...settings,
      preset: chosenPreset(view),
      computed: text === null || neededText(view) === null ? settings.computed : null,
    },
    start: from ?? link?.start ?? null,
    panel,
  };
}

const asLinked = ({ dataset, name, sha256 }: NonNullable<View['text']>): LinkedText =>
  dataset === null ? { dataset, name, sha256 } : { dataset };

/** A link to a run that is kept: another one with its configuration, on its text, by its kernels. */
export function linkOfRun({ text, config, origin, fork }: RunSummary): Link {
  const { dataset, sha256, computed, begun } = origin;
  // what it was asked for may have been out of reach, or left to the adapter
  const precision = computed?.precision ?? config.training.precision;
  const settings = settingsOf({ ...config, training: { ...config.training, precision } });
  return {
    text: dataset === null ? { dataset, name: text, sha256 } : { dataset },
    settings: { ...settings, computed: computed && { on: computed.on, products: computed.products } },
    start: fork?.name ?? (begun === 'model' ? LINK.anotherModel : null),
    panel: 'train',
  };
}

/** Whether nothing has been chosen that a link would have to say, but for the panel. */
function isPristine({ settings, start, text }: Link): boolean {
  const first = text === null || text.dataset === FIRST_TEXT;
  return first && start === null && settings.computed === null && choicesIn(settings).length === 0;
}

/** The address of this page with a link in it. */
export function addressOf(link: Link): string {
  return `${location.href.split('#')[0]}#${writeLink(link)}`;
}

/** Keeps what is chosen in the page's address, and tells of a link that is opened in the page. */
export class AddressBar {
  /** The fragment that stands there. */
  #fragment = fragmentNow();

  constructor(opened: (read: ReadLink) => void) {
    window.addEventListener('hashchange', () => {
      const fragment = fragmentNow();
      if (fragment === this.#fragment) return;
      this.#fragment = fragment;
      opened(readLink(fragment));
    });
  }

  /** What the page was opened with; null where that is no link. */
  read(): ReadLink | null {
    return this.#fragment === '' ? null : readLink(this.#fragment);
  }

  show(view: View): void {
    const link = linkOf(view);
    const pristine = isPristine(link) && view.settings.preset === null;
    const fragment = writeLink(pristine ? { ...link, text: null, settings: view.settings } : link);
    if (fragment === this.#fragment) return;
    this.#fragment = fragment;
    const address = fragment === '' ? location.pathname + location.search : `#${fragment}`;
    history.replaceState(history.state, '', address);
  }
}

const fragmentNow = () => location.hash.slice(1);
