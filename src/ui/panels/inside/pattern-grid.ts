import { css, html, LitElement, type PropertyValues } from 'lit';
import { SchemeWatch } from '../../scheme-watch.ts';
import { PROMPT_LOOK } from '../../strings/inside.ts';
import { shared } from '../../styles.ts';
import { heatColours, paint } from './heat-colours.ts';

export interface HeadChoice {
  layer: number;
  head: number;
}

/**
 * The attention patterns of all heads, small, one of which is chosen.
 *
 * @prop attention - (layers, heads, n, n)
 * @prop layers - blocks of the model
 * @prop heads - of each block
 * @prop first - the first block on show; all others follow, as far as they are in `attention`
 * @prop chosen - one of them
 * @fires choose - a HeadChoice; does not climb
 */
export class PatternGrid extends LitElement {
  static override properties = {
    attention: { attribute: false },
    layers: { attribute: false },
    heads: { attribute: false },
    first: { attribute: false },
    chosen: { attribute: false },
  };

  declare attention: Float32Array;
  declare layers: number;
  declare heads: number;
  declare first: number;
  declare chosen: HeadChoice;

  constructor() {
    super();
    new SchemeWatch(this, () => this.#paint());
    this.attention = new Float32Array();
    this.layers = 0;
    this.heads = 0;
    this.first = 0;
    this.chosen = { layer: 0, head: 0 };
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('attention') || changed.has('layers') || changed.has('heads') || changed.has('first'))
      this.#paint();
  }

  #paint(): void {
    const colours = heatColours(this);
    const size = this.attention.length / Math.max(1, this.layers * this.heads);
    this.renderRoot.querySelectorAll('canvas').forEach((canvas, i) => {
      const cells = this.attention.subarray(i * size, (i + 1) * size);
      paint(canvas, cells, Math.sqrt(size), 1, 'share', colours);
    });
  }

  #choose(choice: HeadChoice): void {
    this.dispatchEvent(new CustomEvent<HeadChoice>('choose', { detail: choice }));
  }

  override render() {
    const { layers, heads, first, chosen } = this;
    return html`
      <div class="grid" role="group" aria-label=${PROMPT_LOOK.layersHeads} .style=${`--heads:${Math.min(heads, 12)}`}>
        ${Array.from({ length: layers * heads }, (_, i) => {
          const [layer, head] = [first + Math.floor(i / heads), i % heads];
          const name = PROMPT_LOOK.headName(layer, head);
          return html`
            <button
              aria-label=${name}
              title=${name}
              aria-pressed=${layer === chosen.layer && head === chosen.head}
              @click=${() => this.#choose({ layer, head })}
            >
              <canvas aria-hidden="true"></canvas>
            </button>
          `;
        })}
      </div>
    `;
  }

  static override styles = [
    shared,
    css`
      .grid {
        display: grid;
        grid-template-columns: repeat(var(--heads), minmax(2.25rem, 8rem));
        gap: var(--space-1);
      }

      button {
        min-height: 0;
        padding: 2px;
        border-color: var(--rule);
      }

      button[aria-pressed='true'] {
        border-color: var(--alarm);
        box-shadow: 0 0 0 1px var(--alarm);
      }

      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        image-rendering: pixelated;
      }
    `,
  ];
}

customElements.define('pattern-grid', PatternGrid);

declare global {
  interface HTMLElementTagNameMap {
    'pattern-grid': PatternGrid;
  }
}
