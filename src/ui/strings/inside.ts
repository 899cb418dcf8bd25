export const INSIDE = {
  heading: 'Look inside',
};
