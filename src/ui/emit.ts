/** Fires a custom event that climbs through shadow roots up to the composition root. */
export function emit<T>(element: Element, name: string, detail?: T): void {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
