import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** A text that is longer than this has no need to be seen coming. */
const LONG = 1500;

/** Characters that are marked in a frame: each of them may be an element of its own. */
const MARKED = 600;

/**
 * Of what is not on show yet, a frame brings one part in so many, at least a character: fast at first, as if it were being
 * written, and never far behind. 200 characters take 20 frames. Each is a layout, which a processor that stands for the
 * GPU pays for.
 */
const PARTS = 5;

/** Shows a text that has come in one piece, or in few, character by character; at once where motion is not wanted. */
export class Unrolling implements ReactiveController {
  /** Characters of the text that are on show. */
  shown = 0;
  /** Characters that may be marked by now. */
  markable = MARKED;
  readonly #host: ReactiveControllerHost;
  #frame = 0;
  #length = 0;
  #key: unknown;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.shown = this.#length;
  }

  /**
   * The text on show has `length` characters now. With another `key` it is another text, that begins at `from`. `marked`:
   * whether its characters are marked, a few hundred at a time.
   */
  follow(key: unknown, length: number, from: number, marked: boolean): void {
    if (key !== this.#key) {
      this.#key = key;
      this.shown = from;
      this.markable = MARKED;
    }
    if (!marked) this.markable = MARKED;
    this.#length = length;
    const still = this.shown > LONG || matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden;
    this.shown = still ? length : Math.min(this.shown, length);
    if (this.shown < length || (marked && this.markable < length))
      this.#frame ||= requestAnimationFrame(() => this.#advance());
  }

  #advance(): void {
    this.#frame = 0;
    this.shown = Math.min(this.#length, this.shown + Math.ceil((this.#length - this.shown) / PARTS));
    this.markable += MARKED;
    this.#host.requestUpdate();
  }
}
