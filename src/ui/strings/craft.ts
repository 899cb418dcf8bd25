/** The header, help, and what the page is beyond its parts. */

export const UPDATE = {
  ready: 'A new version of Inkling is ready. Your runs stay as they are.',
  change: 'Reload with it',
  later: 'Not now',
};
