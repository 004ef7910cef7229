// The key that the service wants of its callers, where it wants one: asked for when it does, and
// kept as long as the tab.

import { el } from './ui.js';

const NAME = 'chat2svg-key';
let asking = null;

/** The key; null where none was given. */
export function key() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    // The browser keeps nothing for this page.
    return null;
  }
}

/** Asks for a key, once for all who need it, as one sent before was `refused`; says whether one was given. */
export function ask(refused) {
  asking ??= new Promise((resolve) => {
    const field = el('input', { type: 'password', id: 'key', autocomplete: 'off', required: true, 'aria-describedby': 'key-why' });
    const form = el(
      'form',
      { method: 'dialog' },
      el('h2', { id: 'key-title', textContent: 'This service needs a key' }),
      el('p', { id: 'key-why', textContent: refused ? `The last one was not taken: ${refused}.` : 'Whoever runs it can give you one. It is kept until this tab is closed.' }),
      el('div', { class: 'field' }, el('label', { htmlFor: 'key', textContent: 'Key' }), field),
      el('button', { class: 'button strong', textContent: 'Use this key' }),
    );
    const dialog = el('dialog', { class: 'key', 'aria-labelledby': 'key-title' }, form);
    let given = false;
    form.addEventListener('submit', () => {
      given = true;
      sessionStorage.setItem(NAME, field.value.trim());
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      asking = null;
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}
