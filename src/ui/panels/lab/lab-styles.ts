import { css } from 'lit';

/** Of every part of the laboratory. */
export const labStyles = css`
  :host {
    --chart-height: 20rem;
    container-type: inline-size;
  }

  .intro,
  .verdict {
    max-width: 44rem;
    margin: var(--space-2) 0 var(--space-5);
    font: var(--text-large) / 1.5 var(--serif);
  }

  fieldset {
    min-width: 0;
    margin: 0;
    padding: 0;
    border: 0;
  }

  legend {
    padding: 0 0 var(--space-2);
    font-weight: 600;
  }

  ul {
    display: grid;
    gap: 0 var(--space-5);
    margin: 0;
    padding: 0;
    list-style: none;
  }

  li {
    padding: var(--space-2) 0 var(--space-3);
    border-top: 1px solid var(--rule);
  }

  li label {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--space-2);
    align-items: center;
    min-height: 2rem;
  }

  .name {
    color: var(--ink);
    font-size: var(--text);
  }

  input[type='checkbox'] {
    width: 1.1rem;
    height: 1.1rem;
    margin: 0;
  }

  input:disabled {
    border-color: var(--rule);
    color: var(--ink-faint);
  }

  .fields {
    display: grid;
    gap: var(--space-3);
    align-items: end;
  }

  .go {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2) var(--space-4);
    align-items: center;
    padding: var(--space-4) 0;
    border-top: 1px solid var(--rule);
  }

  .wrong {
    padding-bottom: var(--space-3);
    color: var(--alarm);
  }

  @container (min-width: 44rem) {
    ul {
      grid-template-columns: repeat(2, minmax(0, 1fr));
    }
  }
`;
