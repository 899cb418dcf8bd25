import { css } from 'lit';

/** Tables and lists of figures under rules. */
export const figures = css`
  :host {
    display: grid;
    gap: var(--space-3);
    align-content: start;
    min-width: 0;
  }

  h3:not(:first-child) {
    margin-top: var(--space-3);
  }

  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--text-small);
    font-variant-numeric: tabular-nums lining-nums;
  }

  th,
  td {
    padding: var(--space-1) 0;
    border-top: 1px solid var(--rule);
    font-weight: 400;
    text-align: left;
  }

  td {
    padding-left: var(--space-3);
    text-align: right;
  }

  thead th {
    border: 0;
    color: var(--ink-faint);
  }

  thead th:not(:first-child) {
    padding-left: var(--space-3);
    text-align: right;
  }

  thead th[colspan] {
    text-align: left;
  }

  .sum,
  .sum th {
    font-weight: 600;
  }

  dl {
    display: grid;
    margin: 0;
  }

  dl div {
    display: grid;
    grid-template-columns: 1fr auto;
    column-gap: var(--space-3);
    padding: var(--space-2) 0;
    border-top: 1px solid var(--rule);
  }

  dt {
    color: var(--ink-soft);
  }

  dd {
    margin: 0;
  }

  dd.help {
    grid-column: 1 / -1;
  }

  .formula {
    font: italic var(--text) / 1.6 var(--serif);
    color: var(--accent);
  }
`;
