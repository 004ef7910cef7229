// What the empty board shows: pictures that the service drew; a click draws one here.

import { $, el } from './ui.js';

const EXAMPLES = [
  ['fox', '/assets/examples/fox.webp', 'A red fox under a green tree at sunset', ''],
  ['boats', '/assets/examples/boats.webp', 'Three sailing boats on the sea at dawn', 'pastel'],
  ['lighthouse', '/assets/examples/lighthouse.webp', 'A lighthouse on a cliff by night', ''],
  ['owl', '/assets/examples/owl.webp', 'An owl on a branch under a full moon', 'duotone'],
  ['rocket', '/assets/examples/rocket.webp', 'A rocket above a ringed planet', 'sticker'],
  ['hedgehog', '/assets/examples/hedgehog.webp', 'A hedgehog with a mushroom in an autumn forest', ''],
];

/** Fills the board; `onChoice(prompt, style)` hears which example is wanted. */
export function fillOpening(onChoice) {
  $('#opening').append(
    ...EXAMPLES.map(([name, src, prompt, style]) =>
      el(
        'li',
        {},
        el(
          'button',
          { type: 'button', class: 'example', 'data-example': name, onclick: () => onChoice(prompt, style) },
          el('img', { src, alt: '', width: 208, height: 208 }),
          el('span', { textContent: prompt }),
        ),
      ),
    ),
  );
}
