import { css } from 'lit';

export const heatMapStyles = css`
  .frame {
    position: relative;
    border: 1px solid var(--rule);
    cursor: crosshair;
  }

  .empty {
    min-height: 8rem;
  }

  canvas.cells {
    display: block;
    width: 100%;
    aspect-ratio: var(--shape);
    image-rendering: pixelated;
  }

  :host(:not([flat])) .frame {
    max-width: 36rem;
  }

  .under {
    max-width: 36rem;
  }

  :host([flat]) canvas.cells {
    height: 1.5rem;
    aspect-ratio: auto;
  }

  .cursor {
    position: absolute;
    min-width: 5px;
    min-height: 5px;
    outline: 2px solid var(--alarm);
    pointer-events: none;
  }

  .told {
    min-height: 1.5em;
    margin-top: var(--space-1);
    font-size: var(--text-small);
  }

  .under {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-3);
  }

  .legend {
    display: flex;
    flex: 1;
    align-items: center;
    gap: var(--space-2);
  }

  canvas.scale {
    width: 8rem;
    height: 0.75rem;
    border: 1px solid var(--rule);
    image-rendering: pixelated;
  }

  .under button {
    min-height: 2rem;
    padding: 0 var(--space-3);
    font-size: var(--text-small);
  }

  summary {
    width: max-content;
    margin-top: var(--space-2);
    cursor: pointer;
  }

  .scroll {
    overflow-x: auto;
    margin-top: var(--space-2);
  }

  table {
    border-collapse: collapse;
    font-size: var(--text-small);
    font-variant-numeric: tabular-nums lining-nums;
  }

  th,
  td {
    padding: var(--space-1) var(--space-2);
    border-top: 1px solid var(--rule);
    font-weight: 400;
    text-align: right;
    white-space: nowrap;
  }

  th {
    color: var(--ink-soft);
  }
`;
