// The strip at the foot and the pill at the head: how the service stands. Watches only while seen.

import { watchSystem } from './api.js';
import { $, bytes, el } from './ui.js';

/** Why a circuit is open, after "is resting". */
const REASONS = {
  failures: 'after failures',
  'asked-to-wait': 'as its provider asked',
  terminal: 'until its key, credit or quota is seen to',
  slow: 'as its answers take far too long',
  cost: 'as failed calls have cost too much',
  held: 'as set by hand',
};

/** What the pressure of each kind is about. */
const WAITS = { cpu: 'cores', memory: 'memory', io: 'disks' };

let stop = null;

/** Keeps the strip and the pill up to date; `onStatus` hears of each status. */
export function startWatching(onStatus) {
  const listener = (status) => {
    show(status);
    if (status) onStatus(status);
  };
  const update = () => {
    if (document.hidden) {
      stop?.();
      stop = null;
    } else {
      stop ??= watchSystem(listener);
    }
  };
  document.addEventListener('visibilitychange', update);
  update();
}

function show(status) {
  if (!status) {
    pill('bad', 'Not connected');
    return;
  }
  const pipeline = status.pipeline?.state !== undefined && status.pipeline.state !== 'closed' ? [status.pipeline] : [];
  const open = [...(status.circuits ?? []).filter((circuit) => circuit.state !== 'closed'), ...pipeline];
  const away = status.actors.filter((actor) => !actor.alive);
  const { queue, resources, admission } = status;
  const nodes = status.nodes ?? [];
  // In a cluster the node that answers may run nothing itself.
  const queues = (nodes.length ? nodes : [status]).map((node) => node.queue).filter(Boolean);
  const running = queues.reduce((sum, { running }) => sum + running, 0);
  const queued = queues.reduce((sum, { queued }) => sum + queued, 0);
  if (!status.ready) pill('warn', away.length ? 'Restarting a part' : 'Shutting down');
  else if (open.length) pill('warn', 'Ready, in part');
  else if (running + queued) pill('good', `${running} drawing${queued ? `, ${queued} waiting` : ''}`);
  else pill('good', 'Ready');

  const meters = [];
  if (resources) {
    meters.push(
      meter('Level', resources.mode === 'adaptive' ? resources.level : `${resources.level}, as set`),
      meter('CPU', `${Math.round(resources.cpu_used * 100)} %`, resources.cpu_used),
      meter('Memory', `${bytes(resources.memory_used)} of ${bytes(resources.memory_total)}`, resources.memory_used / resources.memory_total),
    );
    if (resources.swap_used) meters.push(meter('Swap', `${bytes(resources.swap_used)} of ${bytes(resources.swap_total)}`, resources.swap_used / resources.swap_total));
    meters.push(meter('This service', bytes(resources.process_memory)));
    if (resources.load) meters.push(meter('Load', resources.load.one.toFixed(1)));
    for (const [name, share] of Object.entries(resources.pressure ?? {})) {
      if (share.some >= 0.05) meters.push(meter(`Waiting for ${WAITS[name] ?? name}`, `${Math.round(share.some * 100)} %`, share.some));
    }
    if (!resources.gpus.length) meters.push(meter('GPU', 'none'));
    for (const gpu of resources.gpus) {
      const used = gpu.used === undefined ? '' : `${Math.round(gpu.used * 100)} %, `;
      meters.push(meter(gpu.name, `${used}${bytes(gpu.memory_used)} of ${bytes(gpu.memory_total)}`, gpu.memory_used / gpu.memory_total));
    }
  }
  if (queue) meters.push(meter('Jobs', `${queue.running} of ${queue.max_concurrent} running, ${queue.queued} waiting`));
  if (queue) {
    const coming = `${queue.arrivals_per_second.toFixed(1)} jobs/s arrive`;
    meters.push(meter('Plan', `${coming}, ${planned(queue)}`));
  }
  meters.push(...lines(status.line_up ?? []));
  meters.push(meter('Places', `${admission.available} of ${admission.capacity} free`));
  $('#meters').replaceChildren(...meters);
  if (nodes.length) import('./nodes.js').then(({ showNodes }) => showNodes(nodes, meter)).catch(() => {});

  const notes = open.map(resting);
  if (status.pipeline?.mode === 'closed') notes.push('Jobs run whatever becomes of them, as set.');
  for (const circuit of status.circuits ?? []) {
    if (circuit.mode === 'closed') notes.push(`${circuit.stage} (${circuit.backend}) is called whatever becomes of it, as set.`);
  }
  const restarts = status.actors.reduce((sum, actor) => sum + actor.restarts, 0);
  if (restarts) notes.push(`${restarts} restart${restarts === 1 ? '' : 's'} of parts since the start.`);
  notes.push(`Version ${status.version}, up ${uptime(status.uptime_seconds)}.`);
  $('#system-note').textContent = notes.join(' ');
}

/** What the plan gives each job, in words. */
function planned({ price, delay }) {
  if (price > 0) return 'each gets less so that all are served';
  return delay > 0 ? 'each gets less so that others wait less' : 'each gets what it asks';
}

/** What a circuit that is not closed means, in words. */
function resting(circuit) {
  const isPipeline = circuit.stage === undefined;
  const name = isPipeline ? 'The pipeline' : `${circuit.stage} (${circuit.backend})`;
  if (circuit.state === 'half-open') return `${name} is being tried again.`;
  const wait = circuit.retry_after_seconds;
  const until = wait === undefined ? '' : wait < 90 ? `, for ${Math.ceil(wait)} s` : `, for ${Math.ceil(wait / 60)} min`;
  return `${name} is resting ${REASONS[circuit.because] ?? ''}${until}; ${isPipeline ? 'simple compositions' : 'others'} serve meanwhile.`;
}

function pill(tone, text) {
  $('#pulse .dot').dataset.tone = tone;
  const node = $('#pulse-text');
  if (node.textContent !== text) node.textContent = text;
}

/** Who serves the stages that do not have the embedded backend alone. */
function lines(places) {
  const stages = new Map();
  for (const { stage, backend, model } of places) {
    const name = model ? `${backend} (${model})` : backend;
    stages.set(stage, [...(stages.get(stage) ?? []), name]);
  }
  return [...stages]
    .filter(([, names]) => names.some((name) => name !== 'embedded'))
    .map(([stage, names]) => meter(stage[0].toUpperCase() + stage.slice(1), names.join(', then ')));
}

function meter(name, value, share) {
  return el(
    'span',
    { class: 'meter' },
    el('span', { class: 'meter-name', textContent: name }),
    share === undefined
      ? null
      : el('progress', { class: 'meter-bar', max: 1, value: share, 'aria-label': name, 'data-tone': share > 0.85 ? 'warn' : 'calm' }),
    el('span', { textContent: value }),
  );
}

function uptime(total) {
  const days = Math.floor(total / 86400);
  const hours = Math.floor((total % 86400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${total} s`;
}
