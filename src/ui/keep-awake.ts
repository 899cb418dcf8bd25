/** Keeps the screen on as long as it is wanted and the page is seen. */
export class KeepAwake {
  #wanted = false;
  #asking = false;
  #lock: WakeLockSentinel | null = null;

  constructor() {
    // the browser lets go of it when the page is hidden
    document.addEventListener('visibilitychange', () => void this.#settle());
  }

  /** Whether this browser can. */
  static get possible(): boolean {
    return 'wakeLock' in navigator;
  }

  set wanted(wanted: boolean) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    void this.#settle();
  }

  async #settle(): Promise<void> {
    if (this.#asking || !KeepAwake.possible) return;
    this.#asking = true;
    try {
      if (this.#lock?.released) this.#lock = null;
      if (this.#wanted && this.#lock === null && !document.hidden) {
        this.#lock = await navigator.wakeLock.request('screen');
      }
      if (!this.#wanted) {
        await this.#lock?.release();
        this.#lock = null;
      }
    } catch {
      // the battery is low, or the system does not want to: the run goes on anyway
    } finally {
      this.#asking = false;
    }
  }
}
