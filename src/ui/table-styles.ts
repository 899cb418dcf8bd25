import { css } from 'lit';

/** A table of figures under rules: names on the left, numbers on the right. */
export const tables = css`
  table {
    border-collapse: collapse;
    font-size: var(--text-small);
    font-variant-numeric: tabular-nums lining-nums;
  }

  caption {
    padding-bottom: var(--space-2);
    text-align: left;
  }

  th,
  td {
    padding: var(--space-1) 0 var(--space-1) var(--space-3);
    border-top: 1px solid var(--rule);
    font-weight: 400;
    text-align: right;
  }

  thead th {
    border: 0;
    color: var(--ink-faint);
  }

  tr > :first-child {
    padding-left: 0;
    text-align: left;
  }
`;
