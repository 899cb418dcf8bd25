import { css } from 'lit';

/** Of the walk and of the stages in it. */
export const walkStyles = css`
  .steps {
    display: flex;
    flex-wrap: wrap;
    align-items: end;
    justify-content: space-between;
    gap: var(--space-4);
    margin: var(--space-4) 0;
  }

  /* The buttons stay where they are, whatever the stage is called. */
  nav {
    display: grid;
    grid-template-columns: auto 1fr auto;
    align-items: center;
    gap: var(--space-3);
    flex: 0 1 30rem;
  }

  .at {
    text-align: center;
  }

  @media (max-width: 40rem) {
    .at b {
      display: block;
    }
  }

  .at .number {
    color: var(--ink-soft);
  }

  .stage {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-3);
    margin-top: var(--space-4);
    padding-top: var(--space-4);
    border-top: 1px solid var(--rule);
  }

  .explained {
    max-width: 44rem;
    font: var(--text-large) / 1.5 var(--serif);
  }

  .formula {
    margin: 0;
  }

  .strips {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    align-content: start;
    gap: var(--space-3);
  }

  .key i {
    display: inline-block;
    width: 1.25rem;
    height: 0.75rem;
    background: var(--accent);
    vertical-align: -0.05em;
  }

  .key .above {
    margin-left: var(--space-3);
    background: var(--series-2);
  }

  .batch {
    margin: 0;
    padding-left: 2.5rem;
    font: var(--text-large) / 1.5 var(--serif);
    overflow-wrap: anywhere;
  }

  .batch .chosen {
    color: var(--accent);
  }

  .scroll {
    overflow-x: auto;
  }

  summary {
    width: max-content;
    margin-bottom: var(--space-2);
    cursor: pointer;
  }

  .ids {
    border-collapse: collapse;
    font-variant-numeric: tabular-nums lining-nums;
  }

  .ids th,
  .ids td {
    min-width: 1.75rem;
    padding: var(--space-1) 0;
    border-top: 1px solid var(--rule);
    font-weight: 400;
    text-align: center;
  }

  .ids th {
    position: sticky;
    left: 0;
    padding-right: var(--space-3);
    background: var(--paper);
    color: var(--ink-soft);
    font-size: var(--text-small);
    text-align: left;
    white-space: nowrap;
  }

  .ids .sign {
    font: var(--text-large) / 1.3 var(--serif);
  }

  .ids .chosen {
    color: var(--alarm);
    font-weight: 700;
  }
`;
