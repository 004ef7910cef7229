// Keys and quotas, for who has the scope admin: listed, made and revoked in a dialog.

import * as api from './api.js';
import { $, ago, announce, el, many, toast } from './ui.js';

document.head.append(el('link', { rel: 'stylesheet', href: '/assets/keys.css' }));

const SCOPES = { read: 'look at results', write: 'ask for pictures', admin: 'do everything, for everybody' };

/** Shows a button for the dialog to who may use it. */
export async function offerKeys() {
  const own = await api.ownKey();
  if (!own?.scopes.includes('admin')) return;
  const button = $('#keys');
  button.hidden = false;
  button.addEventListener('click', () => open(own));
}

function open(own) {
  const list = el('div', { class: 'key-list' });
  const secret = el('div', { class: 'key-secret', hidden: true });
  const trouble = el('p', { class: 'form-error', role: 'alert', hidden: true });
  const fail = (problem) => {
    trouble.textContent = problem.message;
    trouble.hidden = false;
  };
  const refresh = async () => {
    try {
      const { keys } = await api.keys();
      list.replaceChildren(table(keys, own, revoke));
    } catch (problem) {
      fail(problem);
    }
  };
  const revoke = async (button, name) => {
    if (!button.classList.contains('sure')) {
      button.classList.add('sure');
      button.textContent = 'Sure?';
      announce(`Press again to revoke the key ${name}.`);
      return;
    }
    trouble.hidden = true;
    try {
      await api.revokeKey(name);
      toast(`The key ${name} is not taken any more.`);
    } catch (problem) {
      fail(problem);
    }
    await refresh();
    close.focus();
  };
  const make = form(async (asked) => {
    trouble.hidden = true;
    secret.hidden = true;
    try {
      const made = await api.makeKey(asked);
      secret.replaceChildren(
        el('p', { textContent: `This is the key ${made.key.name}. It is shown this once.` }),
        el('code', { textContent: made.secret, tabIndex: 0 }),
      );
      secret.hidden = false;
      announce(`The key ${made.key.name} was made.`);
      make.reset();
      await refresh();
      $('code', secret).focus();
      getSelection().selectAllChildren($('code', secret));
    } catch (problem) {
      fail(problem);
    }
  });
  const close = el('button', { class: 'button', type: 'button', textContent: 'Close', onclick: () => dialog.close() });
  const dialog = el(
    'dialog',
    { class: 'key keys', 'aria-labelledby': 'keys-title' },
    el('h2', { id: 'keys-title', textContent: 'Keys and quotas' }),
    list,
    trouble,
    secret,
    make,
    el('p', { class: 'key-foot' }, close),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  refresh();
}

function table(keys, own, revoke) {
  const head = ['Key', 'Owner', 'May', 'Used', 'Ends', ''].map((text) =>
    text ? el('th', { scope: 'col', textContent: text }) : el('td'),
  );
  const rows = keys.map((key) => {
    const isOwn = key.name === own.name;
    const last = el('td');
    if (isOwn) last.textContent = 'in use here';
    else if (key.fixed) last.textContent = 'from the environment';
    else {
      const button = el('button', { class: 'button subtle', type: 'button', textContent: 'Revoke', 'aria-label': `Revoke ${key.name}` });
      button.addEventListener('click', () => revoke(button, key.name));
      last.append(button);
    }
    return el(
      'tr',
      {},
      el('th', { scope: 'row', textContent: key.name, title: `Made ${ago(key.created_at)}` }),
      el('td', { textContent: key.owner }),
      el('td', { textContent: key.scopes.join(', ') }),
      el('td', { textContent: usage(key) }),
      el('td', { textContent: ending(key) }),
      last,
    );
  });
  return el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows));
}

/** What was used, and of how much. */
function usage({ quota, used }) {
  const of = (count, limit) => (limit ? `${count} of ${limit}` : `${count}`);
  const parts = [`${of(used.day, quota.per_day)} today`];
  if (quota.per_minute) parts.push(`${of(used.minute, quota.per_minute)} this minute`);
  if (quota.concurrent || used.under_way) parts.push(`${of(used.under_way, quota.concurrent)} at once`);
  return parts.join(', ');
}

function ending(key) {
  if (!key.expires_at) return 'never';
  if (key.expired) return 'has ended';
  return `in ${many(Math.max(1, Math.round((new Date(key.expires_at) - Date.now()) / 86400000)), 'day')}`;
}

function form(onMake) {
  const name = el('input', { id: 'key-name', required: true, autocomplete: 'off', maxLength: 64 });
  const owner = el('input', { id: 'key-owner', autocomplete: 'off', maxLength: 64, placeholder: 'as the key' });
  const scopes = Object.entries(SCOPES).map(([scope, means]) =>
    el('label', { title: means }, el('input', { type: 'checkbox', value: scope, defaultChecked: scope !== 'admin' }), scope),
  );
  const number = (id, label) => {
    const field = el('input', { id, type: 'number', min: 1, inputMode: 'numeric', placeholder: 'no limit' });
    return { field, node: el('div', { class: 'field' }, el('label', { htmlFor: id, textContent: label }), field) };
  };
  const minute = number('key-minute', 'Jobs a minute');
  const day = number('key-day', 'Jobs a day');
  const once = number('key-once', 'Jobs at once');
  const days = number('key-days', 'Ends in days');
  days.field.placeholder = 'never';
  const node = el(
    'form',
    { class: 'key-form' },
    el('div', { class: 'field' }, el('label', { htmlFor: 'key-name', textContent: 'New key' }), name),
    el('div', { class: 'field' }, el('label', { htmlFor: 'key-owner', textContent: 'Owner' }), owner),
    el('fieldset', {}, el('legend', { textContent: 'May' }), ...scopes),
    minute.node,
    day.node,
    once.node,
    days.node,
    el('button', { class: 'button', textContent: 'Make the key' }),
  );
  node.addEventListener('submit', (event) => {
    event.preventDefault();
    const value = ({ field }) => Number(field.value) || 0;
    onMake({
      name: name.value.trim(),
      owner: owner.value.trim() || undefined,
      scopes: scopes.map((label) => $('input', label)).filter((box) => box.checked).map((box) => box.value),
      days: value(days) || undefined,
      quota: { per_minute: value(minute), per_day: value(day), concurrent: value(once) },
    });
  });
  return node;
}
