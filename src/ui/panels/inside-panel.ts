import { html, LitElement } from 'lit';
import type { Session } from '../session-client.ts';
import { INSIDE } from '../strings.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';

/**
 * @prop view - all that there is to show
 * @prop session - whom it asks for what is not in the view; null before there is a worker
 */
export class InsidePanel extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false } };

  declare view: View;
  declare session: Session | null;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
  }

  override render() {
    return html`<h2>${INSIDE.heading}</h2>`;
  }

  static override styles = [shared];
}

customElements.define('inside-panel', InsidePanel);

declare global {
  interface HTMLElementTagNameMap {
    'inside-panel': InsidePanel;
  }
}
