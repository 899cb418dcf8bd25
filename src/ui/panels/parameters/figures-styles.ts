import { css } from 'lit';
import { tables } from '../../table-styles.ts';

const lists = css`
  table {
    width: 100%;
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

/** Tables and lists of figures under rules. */
export const figures = [tables, lists];

/** They, one below the other, under headings. */
export const figuresPage = [
  ...figures,
  css`
    :host {
      display: grid;
      gap: var(--space-3);
      align-content: start;
      min-width: 0;
    }

    h3:not(:first-child) {
      margin-top: var(--space-3);
    }
  `,
];
