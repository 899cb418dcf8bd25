import { html, LitElement } from 'lit';
import type { Session } from '../session-client.ts';
import { shared } from '../styles.ts';
import { initialView, type View } from '../view.ts';
import './lab/overfitting-lab.ts';
import './lab/shrink-lab.ts';

/**
 * @prop view - all that there is to show
 * @prop session - whom it asks for what is not in the view; null before there is a worker
 */
export class LabPanel extends LitElement {
  static override properties = { view: { attribute: false }, session: { attribute: false } };

  declare view: View;
  declare session: Session | null;

  constructor() {
    super();
    this.view = initialView();
    this.session = null;
  }

  override render() {
    return html`
      <overfitting-lab .view=${this.view} .session=${this.session}></overfitting-lab>
      <shrink-lab .view=${this.view} .session=${this.session}></shrink-lab>
    `;
  }

  static override styles = [shared];
}

customElements.define('lab-panel', LabPanel);

declare global {
  interface HTMLElementTagNameMap {
    'lab-panel': LabPanel;
  }
}
