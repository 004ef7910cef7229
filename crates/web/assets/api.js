// The HTTP API as the page uses it.

import { ask, key } from './key.js';

/** An error answer of the service, or the lack of an answer. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || 'The request failed.');
    this.code = document.code ?? 'unknown';
    this.title = document.title ?? '';
    this.status = document.status ?? 0;
    this.requestId = document.request_id;
    this.retryAfter = document.retry_after;
    this.errors = document.errors ?? [];
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

async function call(path, options = {}) {
  const sent = key();
  const headers = new Headers(options.headers);
  if (sent) headers.set('Authorization', `Bearer ${sent}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Problem({
      code: 'unreachable',
      title: 'No connection',
      detail: 'The service does not answer. Check that it runs, then try again.',
    });
  }
  if (response.ok) return response;
  let document = {};
  try {
    document = await response.json();
  } catch {
    // Not ours: something between here and the service answered.
  }
  if (document.code === 'unauthorized') {
    // Another request may have asked for the key meanwhile.
    if (key() !== sent || (await ask(sent && document.detail))) return call(path, options);
  }
  const wait = Number(response.headers.get('retry-after')) || undefined;
  throw new Problem({ retry_after: wait, title: response.statusText, ...document, status: response.status });
}

const json = async (path, options) => (await call(path, options)).json();

export const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks again and again, ever more slowly, unless the service refuses or nobody waits any more. */
export async function persistently(ask, isWanted = () => true, onTrouble = () => {}) {
  for (let pause = 500; ; pause = Math.min(pause * 2, 8000)) {
    try {
      return await ask();
    } catch (problem) {
      if (!problem.isPassing || !isWanted()) throw problem;
      onTrouble(problem);
      await rest(Math.max(pause, (problem.retryAfter ?? 0) * 1000));
      if (!isWanted()) throw problem;
    }
  }
}

const PATHS = { words: '/v1/svg', picture: '/v1/vectorize', refine: '/v1/refine', edited: '/v1/clean' };

/** A key by which a request that is sent again finds the job that it made before. */
export const requestKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Hands in a job; the answer is the job as accepted. */
export function submit(mode, fields, key = requestKey()) {
  const headers = { Prefer: 'respond-async', Accept: 'application/json', 'Idempotency-Key': key };
  if (mode === 'words') {
    headers['Content-Type'] = 'application/json';
    return json(PATHS[mode], { method: 'POST', headers, body: JSON.stringify(fields) });
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return json(PATHS[mode], { method: 'POST', headers, body: form });
}

const path = (id, rest = '') => `/v1/jobs/${encodeURIComponent(id)}${rest}`;

/** A job, with its `age` in seconds by the service's own clock. */
export async function job(id) {
  const response = await call(path(id));
  const found = await response.json();
  const now = Date.parse(response.headers.get('date'));
  if (now) found.age = Math.max(0, (now - Date.parse(found.created_at)) / 1000);
  return found;
}

export const jobs = (address = '/v1/jobs?limit=12') => json(address);
export const cancel = (id) => call(path(id, '/cancel'), { method: 'POST' });
/** Removes a job that has ended. */
export const remove = (id) => call(path(id), { method: 'DELETE' });
export const resultSvg = async (id) => (await call(path(id, '/result.svg'))).text();
export const resultPng = async (id, width) => (await call(path(id, `/result.png?width=${width}`))).blob();

/** Whether a key was given. */
export const hasKey = () => key() !== null;

/** The key that is in use; null where none is needed. */
export async function ownKey() {
  const response = await call('/v1/key');
  return response.status === 204 ? null : response.json();
}

export const keys = () => json('/v1/keys');
export const makeKey = (asked) =>
  json('/v1/keys', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(asked) });
export const revokeKey = (name) => call(`/v1/keys/${encodeURIComponent(name)}`, { method: 'DELETE' });

let token = null;

/** An address as the browser may open it by itself: with a token where the service wants a key. */
export async function address(path) {
  if (!key()) return path;
  if (!token || token.key !== key() || token.until < Date.now()) {
    const made = await json('/v1/tokens', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    // Half of its time, so that what is opened late can be opened, too.
    const left = new Date(made.expires_at) - Date.now();
    token = { key: key(), text: made.token, until: Date.now() + left / 2 };
  }
  return `${path}${path.includes('?') ? '&' : '?'}token=${encodeURIComponent(token.text)}`;
}

/** Opens an event stream; `wire` gets the source. Gives a function that ends it. */
function stream(path, wire, onBroken) {
  let source = null;
  let over = false;
  address(path).then((opened) => {
    if (over) return;
    source = new EventSource(opened);
    wire(source);
  }, onBroken);
  return () => {
    over = true;
    source?.close();
  };
}

const EVENTS = ['queued', 'started', 'stage', 'preview', 'progress', 'turned-away', 'done'];

/** Calls `listener(name, data)` for each event of a job; gives a function that ends it. */
export function follow(id, listener, onBroken) {
  const wire = (source) => {
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (name === 'done') source.close();
        listener(name, JSON.parse(event.data));
      });
    }
    source.addEventListener('error', () => {
      // The browser reconnects by itself unless the stream is gone for good.
      if (source.readyState === EventSource.CLOSED) onBroken();
    });
  };
  return stream(path(id, '/events'), wire, onBroken);
}

/** Calls `listener(status)` about once a second; `status` is null when nothing is heard. */
export function watchSystem(listener) {
  let stop = () => {};
  let timer;
  const broken = () => {
    listener(null);
    clearTimeout(timer);
    timer = setTimeout(open, 3000);
  };
  const open = () => {
    stop = stream('/v1/system/events', (source) => {
      source.addEventListener('system', (event) => listener(JSON.parse(event.data)));
      source.addEventListener('error', () => {
        // The browser reconnects by itself unless it was refused: a key or a token may be there later.
        if (source.readyState === EventSource.CLOSED) broken();
        else listener(null);
      });
    }, broken);
  };
  open();
  return () => {
    clearTimeout(timer);
    stop();
  };
}
