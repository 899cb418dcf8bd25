/** The parts of the page; one is shown at a time. */
export const PANELS = ['train', 'parameters', 'inside', 'lab'] as const;
export type PanelName = (typeof PANELS)[number];
