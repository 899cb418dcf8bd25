/** How far two fingers have moved apart, and about which place of the screen; x in CSS pixels. */
export interface Spread {
  /** Above 1: apart. */
  factor: number;
  from: number;
  to: number;
}

/** Fingers nearer than this are taken as so far apart: what is nearly one point has no distance to compare. */
const LEAST = 16;

/** Follows the fingers on a chart and tells a pinch from a single finger. */
export class Pinch {
  readonly #fingers = new Map<number, number>();
  #pinching = false;

  /** Whether there are, or have been since the last finger was lifted, two of them. */
  get active(): boolean {
    return this.#pinching;
  }

  /** Takes a pointer event of a finger; says what has changed where two of them have moved. */
  take({ type, pointerId, clientX }: PointerEvent): Spread | null {
    if (type === 'pointerup' || type === 'pointercancel') {
      this.#fingers.delete(pointerId);
      return null;
    }
    if (type !== 'pointerdown' && !this.#fingers.has(pointerId)) return null;
    const before = [...this.#fingers.values()];
    if (before.length === 0) this.#pinching = false;
    this.#fingers.set(pointerId, clientX);
    const [a, b] = this.#fingers.values();
    if (this.#fingers.size !== 2) return null;
    this.#pinching = true;
    if (before.length !== 2) return null;
    const apart = (one: number, other: number) => Math.max(LEAST, Math.abs(one - other));
    const middle = (one: number, other: number) => (one + other) / 2;
    return {
      factor: apart(a!, b!) / apart(before[0]!, before[1]!),
      from: middle(before[0]!, before[1]!),
      to: middle(a!, b!),
    };
  }
}
