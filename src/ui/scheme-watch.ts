import type { LitElement, ReactiveController } from 'lit';

/** Tells an element that draws with the page's colours when they turn from light to dark or back. */
export class SchemeWatch implements ReactiveController {
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  readonly #heard: () => void;

  constructor(host: LitElement, heard: () => void) {
    this.#heard = heard;
    host.addController(this);
  }

  hostConnected(): void {
    this.#scheme.addEventListener('change', this.#heard);
    document.addEventListener('scheme-change', this.#heard); // chosen on the page
  }

  hostDisconnected(): void {
    this.#scheme.removeEventListener('change', this.#heard);
    document.removeEventListener('scheme-change', this.#heard);
  }
}
