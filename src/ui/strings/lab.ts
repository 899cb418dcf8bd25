export const LAB = {
  heading: 'Lab',
};
