// Recent jobs as cards. What is done with cards beyond opening them is in history.js.

import * as api from './api.js';
import { $, STATE_NAMES, ago, el, hasResult, icon, isFinal, titleOf } from './ui.js';

const history = () => import('./history.js');

export class Gallery {
  /** `onRemoved(id)` hears of jobs that are gone. */
  constructor(onRemoved) {
    this.onRemoved = onRemoved;
    this.list = $('#gallery');
    this.next = null;
    this.current = null;
    /** Set while only some jobs are wanted. */
    this.filter = null;
    this.looking = false;
    $('#more').addEventListener('click', () => this.#more());
    $('#search').addEventListener('input', async () => (await history()).search(this));
    $('#favourites').addEventListener('click', async () => (await history()).toggleFavourites(this));
  }

  /** Loads the newest jobs. */
  async refresh() {
    if (this.filter) return;
    try {
      const page = await api.jobs();
      if (this.filter) return;
      this.show(page.jobs);
      this.#rest(page);
    } catch {
      // The strip at the foot says that the service is away.
    }
  }

  /** Shows these jobs and no others. */
  show(jobs) {
    const focused = document.activeElement?.closest?.('.card')?.dataset.job;
    this.list.replaceChildren(...jobs.map((job) => this.#card(job)));
    if (focused) $(`.card[data-job="${focused}"]`, this.list)?.focus();
    this.#rest({});
  }

  /** Brings the cards of jobs that were under way up to date. */
  async look() {
    const open = [...this.list.querySelectorAll('[data-open]')];
    if (this.looking || !open.length) return;
    this.looking = true;
    for (const card of open) {
      try {
        const job = await api.job(card.dataset.job);
        if (isFinal(job.state) || job.state !== card.dataset.open) card.closest('li').replaceWith(this.#card(job));
      } catch (problem) {
        if (problem.status === 404) card.closest('li').remove();
      }
    }
    this.looking = false;
  }

  /** Takes a job's card away; the focus goes to its neighbour. */
  drop(id) {
    const item = $(`.card[data-job="${id}"]`, this.list)?.closest('li');
    const next = item?.nextElementSibling ?? item?.previousElementSibling;
    item?.remove();
    ($('.card', next ?? this.list) ?? $('#search')).focus();
    $('#gallery-empty').hidden = this.list.children.length > 0;
  }

  /** Marks the job that is on the easel. */
  mark(id) {
    this.current = id;
    for (const card of this.list.querySelectorAll('.card')) {
      if (card.dataset.job === id) card.setAttribute('aria-current', 'true');
      else card.removeAttribute('aria-current');
    }
  }

  async #more() {
    if (!this.next) return;
    const page = await api.jobs(this.next);
    this.list.append(...page.jobs.map((job) => this.#card(job)));
    this.#rest(page);
  }

  #rest(page) {
    this.next = page.next ?? null;
    $('#more').hidden = !this.next;
    const isEmpty = this.list.children.length === 0;
    $('#gallery-empty').hidden = !isEmpty;
    $('#gallery-empty').textContent = this.filter ? 'None found.' : 'Pictures appear here as they are drawn.';
  }

  #card(job) {
    const title = titleOf(job);
    const picture = el('span', { class: 'card-picture' });
    if (hasResult(job.state)) {
      const image = el('img', { alt: '', loading: 'lazy', decoding: 'async' });
      api.address(job.links.svg).then((address) => (image.src = address), () => {});
      picture.append(image);
    } else {
      picture.append(isFinal(job.state) ? STATE_NAMES[job.state] : `${STATE_NAMES[job.state]}…`);
    }
    const card = el(
      'a',
      { class: 'card', href: `#job=${job.id}`, 'data-job': job.id, 'data-open': isFinal(job.state) ? null : job.state },
      picture,
      el('span', { class: 'card-title', dir: 'auto', textContent: title }),
      el('span', { class: 'card-sub', textContent: ago(job.created_at) }),
    );
    if (job.id === this.current) card.setAttribute('aria-current', 'true');
    const favourite = el(
      'button',
      {
        type: 'button',
        class: 'icon-button favourite',
        'aria-label': `Favourite: ${title}`,
        'aria-pressed': String(favourites().includes(job.id)),
        onclick: async () => (await history()).favourite(job.id, favourite),
      },
      icon('heart'),
    );
    const remove = el(
      'button',
      {
        type: 'button',
        class: 'icon-button remove',
        'aria-label': `Delete: ${title}`,
        onclick: async () => (await history()).remove(this, job, remove),
      },
      icon('bin'),
    );
    return el('li', { class: 'card-item' }, card, el('span', { class: 'card-tools' }, favourite, isFinal(job.state) && remove));
  }
}

const KEY = 'chat2svg-favourites';

/** The ids of favourite jobs, which this browser keeps. */
export function favourites() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

export function keepFavourites(ids) {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids));
    return true;
  } catch {
    return false;
  }
}
