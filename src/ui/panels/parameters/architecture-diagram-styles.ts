import { css } from 'lit';

/** The stream is a line of ink down the left side; boxes stand to the right of it, or on it. */
export const diagram = css`
  :host {
    container-type: inline-size;
    --gutter: 2.25rem;
    --stream: 0.75rem;
  }

  .diagram {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
  }

  .row {
    position: relative;
    min-width: 0;
    padding: var(--space-1) 0 var(--space-1) var(--gutter);
  }

  /* the stream itself */
  .row:not(.end)::before {
    position: absolute;
    top: 0;
    bottom: 0;
    left: var(--stream);
    width: 2px;
    background: var(--ink-soft);
    content: '';
  }

  .row.start::before {
    top: 50%;
  }

  .details::before {
    position: absolute;
    top: 0;
    bottom: 0;
    left: var(--stream);
    width: 2px;
    background: var(--ink-soft);
    content: '';
  }

  /* from the stream into a branch, or back */
  .row:is(.start, .join, .out, .back)::after {
    position: absolute;
    top: calc(50% - 1px);
    left: var(--stream);
    width: calc(var(--gutter) - var(--stream));
    height: 2px;
    background: var(--ink-soft);
    content: '';
  }

  /* the addition: a circle on the stream with a plus in it */
  .row:is(.join, .back) > .box::before {
    position: absolute;
    z-index: 1;
    top: calc(50% - 0.6rem);
    left: calc(var(--stream) + 1px - 0.6rem);
    width: 1.2rem;
    height: 1.2rem;
    border: 2px solid var(--ink-soft);
    border-radius: 50%;
    background: var(--paper);
    color: var(--ink);
    font: 600 0.875rem / calc(1.2rem - 4px) var(--sans);
    text-align: center;
    content: '+' / '';
  }

  /* within a branch: down from box to box */
  .row:is(.beside, .back) > .box::after {
    position: absolute;
    top: calc(-1 * var(--space-1));
    left: calc(var(--gutter) + 1.5rem);
    width: 2px;
    height: calc(2 * var(--space-1));
    background: var(--ink-soft);
    content: '';
  }

  /* what stands on the stream itself */
  .row.over:not(.block, .more) {
    padding-left: 0;
  }

  .row.over:not(.block, .more) > .box {
    position: relative;
    background: var(--paper);
  }

  .end {
    padding-left: 0;
  }

  .box {
    border: 1px solid var(--edge);
    border-radius: var(--radius);
  }

  .row.back > .box,
  .row.over:not(.block, .more) > .box {
    border-color: var(--rule);
  }

  button {
    text-align: left;
  }

  .part {
    position: relative;
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0 var(--space-3);
    width: 100%;
    min-height: 2.5rem;
    padding: var(--space-2) var(--space-3);
    border: 0;
    overflow-wrap: anywhere;
  }

  .part .number {
    margin-left: auto;
    color: var(--ink-soft);
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .part[aria-pressed='true'] {
    background: var(--sheet);
    box-shadow: inset 3px 0 0 var(--accent);
  }

  .part[aria-pressed='true'] .name {
    color: var(--accent);
    font-weight: 600;
  }

  /* its share of all parameters */
  .share {
    position: absolute;
    right: 0;
    bottom: 0;
    left: 0;
    height: 3px;
  }

  .share > span {
    display: block;
    height: 100%;
    background: var(--accent);
    opacity: 0.55;
  }

  .inner {
    display: grid;
    gap: 1px;
    border-top: 1px solid var(--rule);
    font-size: var(--text-small);
  }

  .inner .part {
    min-height: 2rem;
    padding-block: var(--space-1) var(--space-2);
  }

  .heading {
    display: flex;
    gap: var(--space-3);
    align-items: baseline;
    width: 100%;
    padding: var(--space-2) 0 var(--space-1);
    color: var(--ink);
    font: 600 var(--text) / 1.3 var(--sans);
  }

  button.heading {
    min-height: 2rem;
    padding: var(--space-1) var(--space-2);
    border-color: transparent;
    border-bottom-color: var(--rule);
    border-radius: 0;
    font-weight: 400;
  }

  button.heading[aria-expanded='true'] {
    font-weight: 600;
  }

  .heading .number {
    margin-left: auto;
    padding-right: var(--space-3);
    color: var(--ink-soft);
    font-weight: 400;
  }

  .times {
    color: var(--accent);
  }

  .toggle {
    min-height: 1.75rem;
    padding: 0 var(--space-3);
    font-size: var(--text-small);
  }

  .more .help {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-1) var(--space-3);
    align-items: center;
    padding: var(--space-1) 0 var(--space-2);
  }

  .details {
    position: relative;
    padding: var(--space-3) 0 var(--space-4) var(--gutter);
  }

  @container (min-width: 30rem) {
    .inner {
      grid-template-columns: minmax(0, 1.6fr) minmax(0, 1fr) minmax(0, 1.2fr);
    }
  }

  /* Beside the drawing, and in sight while it is scrolled: the last row takes what the details are longer by. */
  @container (min-width: 50rem) {
    .diagram {
      grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr);
      column-gap: var(--space-6);
    }

    .diagram > :not(.details) {
      grid-column: 1;
    }

    .details {
      grid-row: 1 / span 300;
      grid-column: 2;
      padding: 0;
    }

    .details::before {
      content: none;
    }

    .details > * {
      position: sticky;
      top: var(--space-4);
    }
  }

  @container (min-width: 80rem) {
    .diagram {
      grid-template-columns: minmax(0, 42rem) minmax(0, 1fr);
    }
  }
`;
