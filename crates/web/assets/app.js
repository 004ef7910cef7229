// Ties the page together: the form hands in jobs, the easel shows one, the gallery the rest.

import * as api from './api.js';
import { Form } from './form.js';
import { Gallery } from './gallery.js';
import { Stage } from './stage.js';
import { startWatching } from './system.js';
import { $ } from './ui.js';

const gallery = new Gallery();

const stage = new Stage({
  onAgain: () => form.submit(),
  onVary: (job) => {
    form.fill(job.request);
    form.shuffle();
    form.submit();
  },
  onHigh: (job) => {
    form.fill({ ...job.request, level: 'high' });
    form.submit();
  },
  onEnd: () => gallery.refresh(),
});

const form = new Form(async (mode, fields) => {
  form.busy(true);
  try {
    const job = await api.submit(mode, fields);
    history.pushState(null, '', `#job=${job.id}`);
    show(job);
    gallery.refresh();
    const easel = $('.easel').getBoundingClientRect();
    if (easel.top < 0 || easel.top > innerHeight / 2) $('.easel').scrollIntoView();
  } catch (problem) {
    form.showProblem(problem);
  } finally {
    form.busy(false);
  }
});

function show(job) {
  stage.open(job);
  gallery.mark(job.id);
}

/** Shows the job that the address names. */
async function follow() {
  const id = /^#job=([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  if (!id) {
    if (location.hash === '') {
      stage.clear();
      gallery.mark(null);
    }
    return;
  }
  if (id === stage.job?.id) return;
  try {
    const job = await api.job(id);
    show(job);
    form.fill(job.request);
  } catch (problem) {
    stage.fail(problem);
  }
}

window.addEventListener('hashchange', follow);
window.addEventListener('popstate', follow);
gallery.refresh();
startWatching((status) => form.limit(status.limits));
follow();
