import type { LitElement, ReactiveController } from 'lit';

/**
 * Passes the keyboard's focus on when what has it within an element hides or goes, as a button does that has done its work:
 * it would fall back to the top of the page.
 */
export class KeptFocus implements ReactiveController {
  readonly #host: LitElement;
  readonly #next: () => HTMLElement | null;
  #held: HTMLElement | null = null;

  /** `next`: what takes the focus, of what is on show by then. */
  constructor(host: LitElement, next: () => HTMLElement | null) {
    this.#host = host;
    this.#next = next;
    host.addController(this);
  }

  hostUpdate(): void {
    this.#held = this.#host.shadowRoot!.activeElement as HTMLElement | null;
  }

  hostUpdated(): void {
    if (this.#held !== null && (this.#held.hidden || !this.#held.isConnected))
      this.#next()?.focus({ preventScroll: true });
    this.#held = null;
  }
}

/** Where the page's content begins, for a notice beside it that leaves nothing of itself behind. */
export function contentBeside(notice: LitElement): HTMLElement | null {
  return (notice.getRootNode() as ParentNode).querySelector('main');
}
