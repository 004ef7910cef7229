// The history beyond the newest jobs: search, favourites, and deleting. Loaded when it is used.

import * as api from './api.js';
import { favourites, keepFavourites } from './gallery.js';
import { $, KIND_NAMES, announce, icon, many, titleOf, toast } from './ui.js';

/** How far back a search looks. */
const DEPTH = 1000;
const PAGE = 100;

let jobs = null;
let turn = 0;

/** Shows the jobs that the search field and the favourites button ask for. */
export async function search(gallery) {
  const words = $('#search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyFavourites = $('#favourites').getAttribute('aria-pressed') === 'true';
  turn += 1;
  const mine = turn;
  if (!words.length && !onlyFavourites) {
    gallery.filter = null;
    jobs = null;
    await gallery.refresh();
    return;
  }
  gallery.filter = words;
  try {
    jobs ??= load();
    const wanted = favourites();
    const found = (await jobs).filter(
      (job) => (!onlyFavourites || wanted.includes(job.id)) && words.every((word) => text(job).includes(word)),
    );
    if (onlyFavourites) found.push(...(await missing(wanted, await jobs, words)));
    if (mine !== turn) return;
    gallery.show(found);
    announce(`${many(found.length, 'picture')} found`);
  } catch (problem) {
    jobs = null;
    toast(problem.message);
  }
}

export async function toggleFavourites(gallery) {
  const button = $('#favourites');
  button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
  await search(gallery);
}

/** Makes a job a favourite, or no longer one. */
export function favourite(id, button) {
  const known = favourites();
  const isOne = !known.includes(id);
  if (!keepFavourites(isOne ? [id, ...known] : known.filter((other) => other !== id))) {
    toast('The browser does not let the page keep favourites');
    return;
  }
  button.setAttribute('aria-pressed', String(isOne));
}

/** Deletes a job for good; the first press only asks. */
export async function remove(gallery, job, button) {
  if (!button.classList.contains('sure')) {
    button.classList.add('sure');
    button.textContent = 'Delete?';
    button.addEventListener('blur', () => unsure(button), { once: true });
    announce('Press again to delete it for good');
    return;
  }
  try {
    await api.remove(job.id);
  } catch (problem) {
    if (problem.status !== 404) {
      toast(problem.message);
      unsure(button);
      return;
    }
  }
  jobs = null;
  keepFavourites(favourites().filter((id) => id !== job.id));
  gallery.drop(job.id);
  gallery.onRemoved(job.id);
  toast('Deleted');
}

function unsure(button) {
  button.classList.remove('sure');
  button.replaceChildren(icon('bin'));
}

async function load() {
  const all = [];
  let address = `/v1/jobs?limit=${PAGE}`;
  while (address && all.length < DEPTH) {
    const page = await api.jobs(address);
    all.push(...page.jobs);
    address = page.next;
  }
  return all;
}

/** Favourites that are older than what was loaded. */
async function missing(ids, loaded, words) {
  const known = new Set(loaded.map((job) => job.id));
  const found = [];
  for (const id of ids.filter((one) => !known.has(one))) {
    try {
      const job = await api.job(id);
      if (words.every((word) => text(job).includes(word))) found.push(job);
    } catch (problem) {
      // The service keeps it no longer.
      if (problem.status === 404) keepFavourites(favourites().filter((other) => other !== id));
      else throw problem;
    }
  }
  return found;
}

function text(job) {
  const { kind, style } = job.request;
  return [titleOf(job), KIND_NAMES[kind], style].filter(Boolean).join(' ').toLowerCase();
}
