// Ties the page together: the form hands in jobs, the easel shows one, the gallery the rest.

import * as api from './api.js';
import { Form } from './form.js';
import { Gallery } from './gallery.js';
import { fillOpening } from './opening.js';
import { Stage } from './stage.js';
import { startWatching } from './system.js';
import { $, announce } from './ui.js';

/** How often a busy service is asked again, and how long a wait it may ask for, in seconds. */
const TRIES = 6;
const LONGEST_WAIT = 60;

const gallery = new Gallery((id) => {
  if (stage.job?.id !== id) return;
  history.replaceState(null, '', location.pathname);
  stage.clear();
});

const stage = new Stage({
  onAgain: () => form.submit(),
  onHigh: async (job) => {
    await form.fill({ ...job.request, level: 'high' });
    form.submit();
  },
  onOpen: (job) => go(job),
  onEnd: () => gallery.refresh(),
});

/** What was handed in last, by which the same wish is recognised while it is being drawn. */
let last = { wish: '', job: '' };

const form = new Form(async (mode, fields) => {
  const wish = JSON.stringify([mode, fields], (_, value) =>
    value instanceof File ? [value.name, value.size, value.lastModified] : value,
  );
  if (wish === last.wish && stage.isDrawing(last.job)) {
    announce('It is being drawn already.');
    return;
  }
  form.busy(true);
  try {
    const job = await handIn(mode, fields);
    if (!job) return;
    last = { wish, job: job.id };
    const original = fields.target ?? fields.image;
    if (original) stage.keepOriginal(job.id, original);
    go(job);
    gallery.refresh();
  } catch (problem) {
    form.showProblem(problem);
  } finally {
    form.busy(false);
  }
});

/** Hands a job in, again when the service is busy; null when that was stopped. */
async function handIn(mode, fields) {
  const key = api.requestKey();
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.submit(mode, fields, key);
    } catch (problem) {
      const isBusy = problem.status === 503 || problem.status === 429;
      const wait = problem.retryAfter ?? tries;
      if (!isBusy || tries === TRIES || wait > LONGEST_WAIT) throw problem;
      if (!(await form.waits(problem.message, wait))) return null;
    }
  }
}

/** Goes to a job that is at hand. */
function go(job) {
  if (location.hash !== `#job=${job.id}`) history.pushState(null, '', `#job=${job.id}`);
  show(job);
  reveal();
}

function show(job) {
  stage.open(job);
  gallery.mark(job.id);
}

/** Brings the easel into sight, and those who read by ear or key to it, when it is out of sight. */
function reveal() {
  const { top, bottom } = $('.easel').getBoundingClientRect();
  const isSeen = top >= -40 && top < innerHeight / 2 && bottom > 0;
  if (!isSeen) $('.easel').scrollIntoView();
  // Also when what had the focus has gone, as the examples do.
  if (!isSeen || !document.activeElement?.offsetParent) $('#easel-title').focus({ preventScroll: true });
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
  if (id === stage.job?.id) {
    reveal();
    return;
  }
  const isWanted = () => location.hash === `#job=${id}`;
  try {
    const job = await api.persistently(() => api.job(id), isWanted, () => stage.wait('The service does not answer: trying again'));
    if (!isWanted()) return;
    show(job);
    // What it was asked is there to be varied; without that it is shown all the same.
    form.fill(job.request).catch(() => {});
  } catch (problem) {
    if (isWanted()) stage.fail(problem);
  }
}

window.addEventListener('hashchange', async () => {
  await follow();
  reveal();
});
$('#gallery').addEventListener('click', (event) => {
  // The address stays the same, so nothing else hears of it.
  if (event.target.closest('.card')?.hash === location.hash) reveal();
});
fillOpening((prompt, style) => {
  form.ask(prompt, style);
  form.submit();
});
gallery.refresh();
let isFirst = true;
startWatching(async (status) => {
  form.limit(status.limits);
  gallery.look();
  if (!isFirst) return;
  isFirst = false;
  // Only where keys are in use, and when all else is there.
  if (api.hasKey()) (await import('./keys.js')).offerKeys().catch(() => {});
});
follow();
