// Small helpers for building the page. Text always goes in as text, never as markup.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element with properties, attributes (`aria-…`, `data-…`, `class`) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.includes('-') && name !== 'list') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon of the page's sprite. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Tells people who listen to the page. */
export function announce(text) {
  $('#announcer').textContent = text;
}

let toastTimer;

/** A short note at the foot of the page. */
export function toast(text) {
  const node = $('#toast');
  node.textContent = text;
  node.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => node.classList.remove('shown'), 2600);
  announce(text);
}

export function seconds(value) {
  if (value === undefined || value === null) return '–';
  if (value < 1) return `${Math.round(value * 1000)}\u00a0ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)}\u00a0s`;
  return `${Math.floor(value / 60)}\u00a0min ${Math.round(value % 60)}\u00a0s`;
}

export function bytes(value) {
  if (value < 1024) return `${value}\u00a0B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(value < 10240 ? 1 : 0)}\u00a0KB`;
  if (value < 1024 ** 3) return `${(value / 1024 ** 2).toFixed(1)}\u00a0MB`;
  return `${(value / 1024 ** 3).toFixed(1)}\u00a0GB`;
}

export const many = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

export function ago(time) {
  const passed = (Date.now() - new Date(time).getTime()) / 1000;
  if (passed < 45) return 'just now';
  if (passed < 5400) return `${Math.max(1, Math.round(passed / 60))} min ago`;
  if (passed < 129600) return `${Math.round(passed / 3600)} h ago`;
  return new Date(time).toLocaleDateString();
}

/** What a job is known by: its words, or those of the picture that was edited, or its kind. */
export const titleOf = (job) => job.request.prompt ?? job.metadata?.prompt ?? KIND_NAMES[job.request.kind];

/** A name for a file: the first words of what the job is known by. */
export function fileName(job, extension) {
  const words = titleOf(job)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    // At the end of a word.
    .replace(/^(.{0,48})(-.*)?$/, '$1')
    .slice(0, 48);
  return `${words || 'picture'}.${extension}`;
}

export const STAGES = ['template', 'detail', 'optimize'];
export const STAGE_NAMES = { template: 'Compose', detail: 'Detail', optimize: 'Optimise' };
export const KIND_NAMES = { generate: 'From words', vectorize: 'From a picture', refine: 'Refined', clean: 'Edited' };
export const STATE_NAMES = {
  queued: 'Waiting',
  running: 'Drawing',
  succeeded: 'Done',
  degraded: 'Done, with limits',
  failed: 'Failed',
  cancelled: 'Stopped',
};
export const isFinal = (state) => state !== 'queued' && state !== 'running';
export const hasResult = (state) => state === 'succeeded' || state === 'degraded';

/** The lowest level at which a stage of the job ran. */
export const servedLevel = (job) => job.metadata?.served_level ?? job.metadata?.resource_level;
