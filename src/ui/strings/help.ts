/** The help of the page. */
export const HELP = {
  heading: 'How this page is used',
  steps: [
    'Press Train. A small language model starts with random numbers and reads the text over and over, a few lines at a time; nothing need be chosen before.',
    'Watch the loss fall. It says how surprised the model is by the next character; the upper line is the surprise of a model that knows nothing. The samples turn from noise to words.',
    'Pause or stop when you like. Then write a prompt, and let the model write on.',
    'Change one thing, the text, the size or an option, and train again: the runs are kept side by side.',
  ],
  keysHeading: 'Keys of this page',
  shortcuts: 'Single keys are commands',
  shortcutsHelp: 'Never while you type. Switch them off if a key is pressed by chance, as speech input may do.',
  singleKeys: [
    ['T', 'Train; then pause and resume'],
    ['S', 'Stop the run'],
    ['P', 'Go to the prompt'],
    ['C', 'Go to what the next run learns, and how'],
    ['R', 'Go to the runs that are kept'],
    ['1 2 3 4', 'Show one of the four parts of the page'],
    ['?', 'This help'],
  ],
  everywhereHeading: 'Keys of every page',
  keys: [
    ['Tab', 'To the next control; with Shift, to the one before'],
    ['← →', 'Among the parts of the page, and along sliders and charts'],
    ['Ctrl+Enter', 'In the prompt: let the model write'],
    ['Esc', 'Close what has opened'],
  ],
  keptHeading: 'Where everything stays',
  kept: 'Texts, models and runs stay in this browser and are sent nowhere. After the first visit the page also opens without a network, and browsers offer to install it.',
  close: 'Close',
} satisfies Record<string, string | readonly string[] | readonly (readonly [string, string])[]>;
