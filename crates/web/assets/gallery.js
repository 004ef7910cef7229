// Recent jobs as cards.

import * as api from './api.js';
import { $, KIND_NAMES, STATE_NAMES, ago, el, hasResult, isFinal } from './ui.js';

export class Gallery {
  constructor() {
    this.list = $('#gallery');
    this.next = null;
    this.current = null;
    $('#more').addEventListener('click', () => this.#more());
  }

  /** Loads the newest jobs. */
  async refresh() {
    try {
      const page = await api.jobs();
      this.list.replaceChildren(...page.jobs.map((job) => this.#card(job)));
      this.#rest(page);
      return page.jobs;
    } catch {
      // The strip at the foot says that the service is away.
      return [];
    }
  }

  /** Marks the job that is on the easel. */
  mark(id) {
    this.current = id;
    for (const card of this.list.querySelectorAll('.card')) {
      card.toggleAttribute('aria-current', card.dataset.job === id);
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
    $('#gallery-empty').hidden = this.list.children.length > 0;
  }

  #card(job) {
    const title = job.request.prompt ?? KIND_NAMES[job.request.kind];
    const picture = el('span', { class: 'card-picture' });
    if (hasResult(job.state)) {
      const image = el('img', { alt: '', loading: 'lazy', decoding: 'async' });
      api.address(job.links.svg).then((address) => (image.src = address), () => {});
      picture.append(image);
    } else {
      picture.append(isFinal(job.state) ? STATE_NAMES[job.state] : 'Drawing…');
    }
    const card = el(
      'a',
      { class: 'card', href: `#job=${job.id}`, 'data-job': job.id },
      picture,
      el('span', { class: 'card-title', textContent: title }),
      el('span', { class: 'card-sub', textContent: ago(job.created_at) }),
    );
    if (job.id === this.current) card.setAttribute('aria-current', 'true');
    return el('li', {}, card);
  }
}
