import { css } from 'lit';

export const chartStyles = css`
  .legend,
  .scales {
    display: flex;
    flex-wrap: wrap;
    gap: 0 var(--space-4);
    color: var(--ink-soft);
    font-size: var(--text-small);
  }

  .legend i {
    display: inline-block;
    width: 1.25rem;
    margin-right: var(--space-2);
    border-top: 2px solid;
    vertical-align: 0.25em;
  }

  /* The name of a run is as long as a person has made it. */
  .legend .name {
    display: inline-block;
    max-width: 18rem;
    overflow: hidden;
    text-overflow: ellipsis;
    vertical-align: bottom;
    white-space: nowrap;
  }

  .legend i.dashed {
    border-top-style: dashed;
  }

  .legend .x {
    min-width: 6.5em;
    min-height: 1.5em;
    margin-left: auto;
    text-align: right;
  }

  .legend .x b {
    min-width: 0;
  }

  /* Room for a reading that is not there yet: a crosshair moves nothing. */
  .legend b {
    display: inline-block;
    min-width: 3.6em;
    color: var(--ink);
    font-weight: 600;
    font-variant-numeric: tabular-nums lining-nums;
  }

  .scales {
    justify-content: space-between;
    margin-top: var(--space-1);
    color: var(--ink-faint);
    font-size: 0.75rem;
  }

  .held {
    position: relative;
  }

  .frame {
    height: var(--chart-height, 12rem);
    font-size: 0.75rem;
    touch-action: pan-y;
    /* The chart follows its container, never the other way round. */
    overflow: hidden;
  }

  .reset {
    position: absolute;
    top: var(--space-2);
    right: 3.5rem;
    min-height: 2rem;
    background: var(--paper);
    font-size: var(--text-small);
  }

  .empty {
    position: absolute;
    inset: 35% var(--space-3) auto 3.5rem;
    pointer-events: none;
    text-align: center;
  }

  .spoken {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  details {
    margin-top: var(--space-1);
  }

  summary {
    width: max-content;
    color: var(--ink-faint);
    font-size: var(--text-small);
    cursor: pointer;
  }

  .files {
    display: flex;
    gap: var(--space-3);
    margin-top: var(--space-3);
  }

  .u-select {
    background: color-mix(in srgb, var(--accent) 12%, transparent);
  }

  .u-vt .u-cursor-x,
  .u-hz .u-cursor-x {
    border-right: 1px solid var(--edge);
  }
`;
