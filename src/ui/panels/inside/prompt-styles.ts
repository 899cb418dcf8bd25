import { css } from 'lit';

export const promptStyles = css`
  .text {
    flex: 1 1 16rem;
  }

  fieldset {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-4);
    margin: 0 0 var(--space-3);
    padding: 0;
    border: 0;
  }

  legend {
    float: left;
    padding: 0;
    color: var(--ink-soft);
    font-size: var(--text-small);
  }

  .told {
    min-height: 1.5em;
    margin: var(--space-3) 0;
  }

  h3 {
    margin: var(--space-6) 0 var(--space-1);
  }

  .columns h4 {
    margin-bottom: var(--space-2);
  }

  .columns {
    margin-top: var(--space-3);
  }

  summary {
    width: max-content;
    cursor: pointer;
  }

  .scroll {
    max-height: 20rem;
    overflow: auto;
  }

  lens-table {
    margin-top: var(--space-3);
  }

  table {
    border-collapse: collapse;
    font-variant-numeric: tabular-nums lining-nums;
  }

  th,
  td {
    padding: var(--space-1) var(--space-3);
    border-top: 1px solid var(--rule);
    font-weight: 400;
    text-align: right;
  }
`;
