import { css } from 'lit';

/** A dialog with a form in it. */
export const dialog = css`
  dialog {
    width: min(44rem, calc(100vw - 2rem));
    padding: var(--space-5);
    border: 1px solid var(--rule);
    border-radius: var(--radius);
    background: var(--paper);
    color: var(--ink);
    box-shadow: 0 1.5rem 4rem rgb(0 0 0 / 25%);
  }

  dialog::backdrop {
    background: rgb(10 14 20 / 45%);
  }

  dialog form {
    display: grid;
    gap: var(--space-3);
  }

  dialog .buttons {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: var(--space-3);
  }
`;

/** What all elements share: the box model, headings, buttons and fields. */
export const shared = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  :host {
    display: block;
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  h2,
  h3 {
    margin: 0;
    font: 600 var(--text) / 1.3 var(--sans);
    color: var(--ink);
  }

  p {
    margin: 0;
  }

  :focus-visible {
    outline: var(--focus);
    outline-offset: 2px;
  }

  .help {
    color: var(--ink-faint);
    font-size: var(--text-small);
    line-height: 1.4;
  }

  .number {
    font-variant-numeric: tabular-nums lining-nums;
  }

  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }

  button {
    min-height: var(--control);
    padding: 0 var(--space-4);
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: transparent;
    cursor: pointer;
    transition:
      background-color 120ms,
      border-color 120ms;
  }

  button:hover {
    border-color: var(--ink);
    background: var(--sheet);
  }

  button.primary {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }

  button.primary:hover {
    border-color: var(--accent-strong);
    background: var(--accent-strong);
  }

  button:is([aria-disabled='true'], .primary[aria-disabled='true']:hover) {
    border-color: var(--rule);
    background: transparent;
    color: var(--ink-faint);
    cursor: default;
  }

  label {
    color: var(--ink-soft);
    font-size: var(--text-small);
  }

  input:is([type='number'], [type='text']),
  textarea {
    display: block;
    width: 100%;
    padding: var(--space-2) var(--space-3);
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--sheet);
  }

  input:is([type='number'], [type='text']) {
    height: var(--control);
    font-variant-numeric: tabular-nums lining-nums;
  }

  input:user-invalid {
    border-color: var(--alarm);
    box-shadow: 0 0 0 1px var(--alarm);
  }

  textarea {
    font: var(--text-large) / 1.5 var(--serif);
    resize: vertical;
  }

  input[type='checkbox'],
  input[type='radio'],
  input[type='range'] {
    accent-color: var(--accent);
  }

  /* Where the system chooses the colours, what cannot be pressed is grey by its own word for it. */
  @media (forced-colors: active) {
    button[aria-disabled='true'] {
      border-color: GrayText;
      color: GrayText;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
