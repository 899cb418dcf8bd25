export const PARAMETERS = {
  heading: 'Parameters',
};
