import type { LitElement, ReactiveController } from 'lit';
import { SchemeWatch } from '../scheme-watch.ts';

/** Least time between two redraws, in milliseconds: appending points redraws at most ten times a second. */
const INTERVAL = 100;

/** Whom it tells: an element that draws into a frame of its own. */
export interface Drawing {
  /** Where it draws; there after the first update. */
  frame(): HTMLElement;
  /** Draws all of it, into a frame that has a size. */
  draw(width: number, height: number): void;
  /** The frame has another size. */
  resize(width: number, height: number): void;
  /** Light has turned into dark, or dark into light. */
  recolour(): void;
  /** The element has been taken out of the page. */
  forget(): void;
}

/** When an element draws: as often as the eye can follow, and only while it can be seen. */
export class Redrawing implements ReactiveController {
  readonly #host: LitElement;
  readonly #drawing: Drawing;
  #timer = 0;
  #drawnAt = 0;
  #seen = false;
  readonly #resizes = new ResizeObserver(() => this.#resize());
  /** Whoever scrolls away pays for no drawing. */
  readonly #views = new IntersectionObserver((entries) => {
    this.#seen = entries.at(-1)!.isIntersecting;
    if (this.#seen) this.schedule();
  });

  constructor(host: LitElement, drawing: Drawing) {
    this.#host = host;
    this.#drawing = drawing;
    host.addController(this);
    new SchemeWatch(host, () => drawing.recolour());
  }

  hostConnected(): void {
    void this.#host.updateComplete.then(() => {
      if (!this.#host.isConnected) return;
      this.#resizes.observe(this.#drawing.frame());
      this.#views.observe(this.#host);
    });
  }

  hostDisconnected(): void {
    this.#resizes.disconnect();
    this.#views.disconnect();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#seen = false;
    this.#drawing.forget();
  }

  /** Draws soon. */
  schedule(): void {
    if (this.#timer !== 0 || !this.#seen) return;
    const wait = Math.max(0, this.#drawnAt + INTERVAL - performance.now());
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#drawnAt = performance.now();
      const { clientWidth: width, clientHeight: height } = this.#drawing.frame();
      if (width > 0 && height > 0) this.#drawing.draw(width, height);
    }, wait);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#drawing.frame();
    if (width > 0 && height > 0) this.#drawing.resize(width, height);
  }
}
