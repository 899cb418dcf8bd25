import { css } from 'lit';

/** The layout: one column on a phone, two on a desk, three on a wide screen. */
export const layout = css`
  :host {
    max-width: 82rem;
    margin: 0 auto;
    padding: 0 clamp(1rem, 4vw, 3rem) var(--space-6);
  }

  main:focus {
    outline: none; /* all of the page: an outline would tell nothing */
  }

  .awake {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    width: fit-content;
    margin-top: var(--space-3);
  }

  .awake input {
    margin: 0;
  }

  .grid {
    display: grid;
    grid-template-areas: 'instrument' 'writing' 'runs' 'settings';
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-6) clamp(2rem, 4vw, 3.5rem);
  }

  .instrument {
    grid-area: instrument;
  }

  .writing {
    grid-area: writing;
  }

  runs-panel {
    grid-area: runs;
  }

  .settings {
    grid-area: settings;
    container-type: inline-size;
    padding-top: var(--space-5);
    border-top: 1px solid var(--rule);
    outline-offset: var(--space-4);
  }

  run-readings {
    margin-top: var(--space-5);
  }

  run-charts {
    margin-top: var(--space-5);
  }

  .meaning {
    display: flex;
    align-items: flex-end;
    min-height: 3em;
    max-width: 44rem;
    margin: var(--space-4) 0 var(--space-3);
    font: var(--text-large) / 1.5 var(--serif);
  }

  footer {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: var(--space-1) var(--space-5);
    min-height: 3.5em;
    margin-top: var(--space-7);
    padding-top: var(--space-4);
    border-top: 1px solid var(--rule);
  }

  a {
    color: var(--accent);
    text-underline-offset: 0.15em;
  }

  @media (min-width: 60rem) {
    .grid {
      grid-template-areas: 'instrument writing' 'runs runs' 'settings settings';
      grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr);
    }
  }

  @media (min-width: 110rem) {
    :host {
      max-width: 118rem;
    }

    .grid {
      grid-template-areas: 'instrument writing settings' 'runs runs settings';
      grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr) 18rem;
      grid-template-rows: auto 1fr;
    }

    .settings {
      padding: 0 0 0 2.5rem;
      border-top: 0;
      border-left: 1px solid var(--rule);
    }
  }
`;
