import { css } from 'lit';

export const sheet = css`
  section {
    height: clamp(16rem, 40vh, 32rem);
    margin-top: var(--space-3);
    padding: var(--space-4) var(--space-5) var(--space-5);
    overflow-y: auto;
    border: 1px solid var(--rule);
    border-radius: var(--radius);
    background: var(--sheet);
    box-shadow: 0 1px 2px rgb(0 0 0 / 4%);
  }

  section > .help {
    min-height: 1.4em;
  }

  blockquote,
  .empty {
    position: relative;
    max-width: 38rem;
    margin: var(--space-3) 0 0;
    font: var(--text-large) / 1.6 var(--serif);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }

  .empty {
    color: var(--ink-faint);
    font-style: italic;
    white-space: normal;
  }

  b {
    color: var(--accent);
    font-weight: inherit;
  }

  /* The less likely a character, the stronger its line and its wash: neither needs the other. */
  .level-1 {
    border-bottom: 1px dotted var(--accent);
  }

  .level-2 {
    border-bottom: 1px solid var(--accent);
    background: color-mix(in srgb, var(--accent) 7%, transparent);
  }

  .level-3 {
    border-bottom: 2px solid var(--accent);
    background: color-mix(in srgb, var(--accent) 15%, transparent);
  }

  .level-4 {
    border-bottom: 4px double var(--accent);
    background: color-mix(in srgb, var(--accent) 25%, transparent);
  }

  .looked-at {
    position: absolute;
    outline: 2px solid var(--ink);
    outline-offset: 1px;
    pointer-events: none;
  }

  .caret {
    display: inline-block;
    width: 2px;
    height: 1.1em;
    margin-left: 2px;
    background: var(--accent);
    vertical-align: -0.15em;
    animation: blink 1s steps(2) infinite;
  }

  @keyframes blink {
    50% {
      opacity: 0;
    }
  }

  .moment {
    display: flex;
    align-items: center;
    gap: var(--space-3);
    height: 2.5rem;
  }

  .moment[aria-hidden='true'] {
    visibility: hidden;
  }

  .moment input {
    flex: 1;
    min-width: 0;
    margin: 0;
  }

  .moment output {
    min-width: 6.5em;
    color: var(--ink-soft);
    font-size: var(--text-small);
    text-align: right;
  }

  .below {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: 0 var(--space-4);
    min-height: 2.5rem;
  }

  .below label {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    margin-right: auto;
    min-height: 2rem;
  }

  .below input {
    margin: 0;
    accent-color: var(--accent);
  }

  .below button {
    min-height: 2rem;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    font-size: var(--text-small);
    text-decoration: underline;
    text-underline-offset: 0.15em;
  }

  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-1) var(--space-4);
    margin: 0 0 var(--space-3);
    padding: 0;
    color: var(--ink-soft);
    font-size: 0.75rem;
    list-style: none;
  }

  choice-strip {
    margin-bottom: var(--space-5);
  }
`;
