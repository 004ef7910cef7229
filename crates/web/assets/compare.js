// The picture that was handed in, over what became of it, with a slider between both. Kept by this
// browser where it can keep it: the service gives files back to nobody. Loaded when it is needed.

import { $, el } from './ui.js';

const CACHE = 'chat2svg-originals';
const MOST = 24;
const kept = new Map();
const address = (id) => `/originals/${id}`;

/** Keeps the picture that a job is to follow. */
export async function keepOriginal(id, file) {
  kept.set(id, file);
  try {
    const cache = await caches.open(CACHE);
    await cache.put(address(id), new Response(file));
    for (const old of (await cache.keys()).slice(0, -MOST)) await cache.delete(old);
  } catch {
    // Over plain HTTP there is no cache: it lasts as long as the page.
  }
}

async function original(id) {
  if (kept.has(id)) return kept.get(id);
  try {
    return await (await (await caches.open(CACHE)).match(address(id)))?.blob();
  } catch {
    return undefined;
  }
}

/** Lays the original over the job's picture, if there is one, with a slider below, where it hides nothing of either; `isWanted` says whether still to. */
export async function compare(id, isWanted) {
  const file = await original(id);
  if (!file || !isWanted()) return;
  const image = el('img', { class: 'before', alt: '', draggable: false });
  image.src = URL.createObjectURL(file);
  image.onload = () => URL.revokeObjectURL(image.src);
  const slider = el('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 0,
    'aria-label': 'How much of the original is shown',
    oninput: () => show(),
  });
  const box = el('div', { class: 'compare', id: 'compare' }, el('span', { textContent: 'Original' }), slider, el('span', { textContent: 'SVG' }));
  const show = () => {
    $('#frame').style.setProperty('--share', `${slider.value}%`);
    slider.setAttribute('aria-valuetext', `${slider.value} %`);
  };
  show();
  $('#compare')?.remove();
  $('.before', $('#viewport'))?.remove();
  $('#board').after(box);
  $('#viewport').append(image);
}
