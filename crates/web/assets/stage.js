// The easel: a job as it runs, and what came of it.

import * as api from './api.js';
import { Layers } from './layers.js';
import {
  $, $$, KIND_NAMES, STAGES, STAGE_NAMES, STATE_NAMES,
  announce, bytes, el, fileName, hasResult, isFinal, many, seconds, toast,
} from './ui.js';

const TIERS = { full: 'Complete', enhanced: 'Composed and detailed', template: 'Composed only', fallback: 'Emergency composition' };
const PHASES = { completed: 'done', 'cut-short': 'cut-short', skipped: 'skipped', failed: 'failed' };
const PHASE_NAMES = { done: 'done', 'cut-short': 'cut short', skipped: 'skipped', failed: 'failed', running: '', waiting: '' };

/** The lowest level at which a stage of the job ran. */
function servedLevel(job) {
  return job.metadata?.served_level ?? job.metadata?.resource_level;
}

export class Stage {
  constructor({ onAgain, onVary, onHigh, onEnd }) {
    this.board = $('#board');
    this.job = null;
    this.stop = () => {};
    this.onEnd = onEnd;
    this.onAgain = onAgain;
    this.layers = new Layers($('#layers'), (svg) => this.#picture(svg));
    $('#cancel').addEventListener('click', () => this.#cancel());
    $('#again').addEventListener('click', () => onAgain(this.job));
    $('#vary').addEventListener('click', () => onVary(this.job));
    $('#draw-high').addEventListener('click', () => onHigh(this.job));
    $('#copy-svg').addEventListener('click', () => this.#copy());
    $('#download-png').addEventListener('click', () => this.#png());
    for (const button of $$('#grounds button')) {
      button.addEventListener('click', () => this.#ground(button.dataset.ground));
    }
    this.#ground('check');
  }

  /** Shows a job and follows it to its end. */
  open(job) {
    this.stop();
    this.job = job;
    this.svg = null;
    this.#title(job);
    this.#reset();
    if (isFinal(job.state)) {
      this.#finish(job);
    } else {
      this.#run(job);
    }
  }

  /** Back to the empty board. */
  clear() {
    this.stop();
    this.job = null;
    this.#reset();
    $('#easel-title').textContent = 'Your picture';
    $('#easel-sub').textContent = '';
    this.#state('empty');
    $('#empty').hidden = false;
  }

  /** A job that cannot be shown. */
  fail(problem) {
    this.stop();
    this.job = null;
    $('#easel-title').textContent = 'Your picture';
    $('#easel-sub').textContent = '';
    this.#reset();
    this.#failure(problem.title || 'That did not work', problem.message, problem.code);
  }

  #title(job) {
    const prompt = job.request.prompt;
    $('#easel-title').textContent = prompt ?? KIND_NAMES[job.request.kind];
    this.#sub(job);
  }

  #sub(job) {
    const parts = [STATE_NAMES[job.state]];
    if (hasResult(job.state) && servedLevel(job) !== 'high') parts.push(`level ${servedLevel(job)}`);
    if (job.metadata) parts.push(seconds(job.metadata.total_seconds));
    if (job.request.style) parts.push(job.request.style);
    else if (job.metadata?.style) parts.push(job.metadata.style);
    parts.push(`seed ${job.request.seed}`);
    $('#easel-sub').textContent = parts.join(' · ');
  }

  #reset() {
    for (const id of ['empty', 'frame', 'wait', 'failure', 'progress', 'actions', 'report']) {
      $(`#${id}`).hidden = true;
    }
  }

  #state(state) {
    this.board.dataset.state = state;
  }

  #ground(ground) {
    this.board.dataset.ground = ground;
    for (const button of $$('#grounds button')) {
      button.setAttribute('aria-pressed', String(button.dataset.ground === ground));
    }
  }

  #run(job) {
    this.#state('running');
    $('#wait').hidden = false;
    $('#wait-text').textContent = 'Waiting for its turn';
    $('#progress').hidden = false;
    $('#cancel').disabled = false;
    $('#cancel').textContent = 'Cancel';
    this.#steps();
    const began = performance.now();
    const limit = job.request.deadline_ms / 1000;
    const tick = () => {
      const passed = (performance.now() - began) / 1000;
      $('#elapsed').textContent = `${passed.toFixed(1)} s of at most ${limit} s`;
    };
    tick();
    const timer = setInterval(tick, 100);
    const unfollow = api.follow(
      job.id,
      (name, data) => this.#event(job, name, data),
      () => this.#poll(job.id),
    );
    this.stop = () => {
      clearInterval(timer);
      unfollow();
      this.stop = () => {};
    };
    announce('The picture is being drawn.');
  }

  #event(job, name, data) {
    if (this.job?.id !== job.id) return;
    if (name === 'started') {
      $('#wait-text').textContent = 'Drawing';
      this.job.state = 'running';
      this.#sub(this.job);
      for (const stage of STAGES) {
        this.#step(stage, data.stages.includes(stage) ? 'waiting' : 'skipped');
      }
    } else if (name === 'stage' && data.phase === 'started') {
      this.#step(data.stage, 'running', 0, data.level);
      announce(STAGE_NAMES[data.stage]);
    } else if (name === 'stage') {
      this.#step(data.stage, PHASES[data.status] ?? 'done', 1);
    } else if (name === 'progress') {
      this.#step(data.stage, 'running', data.fraction);
    } else if (name === 'turned-away') {
      $('#wait-text').textContent = 'Its stages rest after failures: composing a simple picture';
    } else if (name === 'preview') {
      this.#picture(data.svg);
    } else if (name === 'done') {
      this.#poll(job.id);
    }
  }

  /** Looks at the job itself: at its end, or when its events broke off. */
  async #poll(id) {
    try {
      const job = await api.job(id);
      if (this.job?.id !== id) return;
      this.job = job;
      if (!isFinal(job.state)) {
        setTimeout(() => this.job?.id === id && this.#poll(id), 1500);
        return;
      }
      this.stop();
      this.#title(job);
      await this.#finish(job);
      this.onEnd(job);
    } catch (problem) {
      if (this.job?.id !== id) return;
      this.stop();
      this.fail(problem);
    }
  }

  async #finish(job) {
    $('#progress').hidden = true;
    $('#wait').hidden = true;
    if (job.state === 'cancelled') {
      this.#failure('Cancelled', 'The drawing was stopped before it was done.', '');
      return;
    }
    if (!hasResult(job.state)) {
      this.#failure('It could not be drawn', job.failure?.message ?? 'The job failed.', job.failure?.code ?? '');
      return;
    }
    const svg = await api.resultSvg(job.id);
    if (this.job?.id !== job.id) return;
    this.svg = svg;
    this.#state('done');
    this.#picture(svg);
    const link = $('#download-svg');
    link.href = await api.address(job.links.svg);
    link.download = fileName(job, 'svg');
    $('#vary').hidden = job.request.kind !== 'generate';
    $('#draw-high').hidden = job.request.kind !== 'generate' || servedLevel(job) === 'high';
    $('#actions').hidden = false;
    this.#report(job, svg);
    announce(`${STATE_NAMES[job.state]} after ${seconds(job.metadata?.total_seconds)}.`);
  }

  /** Shows an SVG as an image from memory: nothing in it can run or load. */
  #picture(svg) {
    const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    const image = $('#picture');
    const next = new Image();
    next.onload = () => {
      image.src = address;
      image.alt = this.job?.request.prompt ? `Picture: ${this.job.request.prompt}` : 'The picture';
      URL.revokeObjectURL(this.address);
      this.address = address;
      const { naturalWidth: width, naturalHeight: height } = next;
      $('#frame').style.setProperty('--ratio', width / height || 1);
      $('#dimensions').textContent = `${width} × ${height}`;
      $('#frame').hidden = false;
      $('#wait').hidden = true;
    };
    next.onerror = () => URL.revokeObjectURL(address);
    next.src = address;
  }

  #steps() {
    $('#steps').replaceChildren(
      ...STAGES.map((stage) =>
        el(
          'li',
          { class: 'step', 'data-stage': stage, 'data-phase': 'waiting' },
          el(
            'div',
            { class: 'step-head' },
            el('span', { class: 'step-name', textContent: STAGE_NAMES[stage] }),
            el('span', { class: 'step-note' }),
          ),
          el('progress', { max: 1, value: 0, 'aria-label': STAGE_NAMES[stage] }),
        ),
      ),
    );
  }

  #step(stage, phase, fraction = 0, level = null) {
    const step = $(`.step[data-stage=${stage}]`);
    if (!step) return;
    const ended = ['done', 'cut-short', 'failed'].includes(step.dataset.phase);
    if (ended && phase === 'running' && level === null) return;
    step.dataset.phase = phase;
    $('progress', step).value = fraction;
    if (level) $('.step-note', step).textContent = level;
    else if (phase !== 'running') $('.step-note', step).textContent = PHASE_NAMES[phase];
  }

  #failure(title, detail, code) {
    this.#state('failed');
    $('#frame').hidden = true;
    $('#wait').hidden = true;
    $('#unmet').hidden = true;
    $('#failure').hidden = false;
    $('#again').hidden = !this.job;
    $('#failure-title').textContent = title;
    $('#failure-detail').textContent = detail;
    $('#failure-code').textContent = code;
    $('#failure-code').hidden = !code;
    announce(`${title}. ${detail}`);
  }

  #report(job, svg) {
    const metadata = job.metadata;
    const found = this.layers.show(svg);
    const notes = [];
    const undrawn = [];
    if (metadata?.undrawn.length) {
      undrawn.push(note('Not drawn as asked', metadata.undrawn.join(', ')));
    }
    if (metadata?.warnings?.length) {
      undrawn.push(note('Left out of your file', metadata.warnings.join('; ')));
    }
    // What a stage that ran could not do is said over the picture.
    const unmet = (metadata?.stages ?? []).filter((stage) => stage.reason && stage.status === 'completed' && !stage.from_checkpoint);
    $('#unmet').textContent = unmet.map((stage) => sentence(stage.reason)).join(' ');
    $('#unmet').hidden = !unmet.length;
    for (const stage of metadata?.stages ?? []) {
      if (stage.reason && stage.status !== 'completed') {
        notes.push(note(`${STAGE_NAMES[stage.stage]} ${PHASE_NAMES[PHASES[stage.status]]}`, stage.reason));
      }
    }
    if (job.state === 'degraded' && !notes.length && !unmet.length) {
      notes.push(note('Less than asked', metadata?.fallback_reason ?? TIERS[metadata?.tier]));
    }
    if (metadata?.lowered_because && job.state === 'succeeded') {
      notes.push(note(`Drawn at level ${servedLevel(job)}`, metadata.lowered_because));
    }
    $('#notes').replaceChildren(...undrawn, ...notes);

    const facts = [];
    const fact = (name, value) => value && facts.push(el('dt', { textContent: name }), el('dd', { textContent: value }));
    fact('Result', metadata && TIERS[metadata.tier]);
    fact('Effort', servedLevel(job));
    fact('Time', metadata && seconds(metadata.total_seconds));
    fact('First picture after', metadata?.first_document_seconds && seconds(metadata.first_document_seconds));
    for (const stage of metadata?.stages ?? []) {
      const time = metadata.stage_durations[stage.stage];
      const words = [stage.backend ?? (stage.from_checkpoint ? 'kept' : ''), stage.status === 'completed' ? '' : PHASE_NAMES[PHASES[stage.status]], time === undefined ? '' : seconds(time)];
      if (stage.model) {
        const { model, input_tokens: sent, output_tokens: received, cost } = stage.model;
        words.push(model, `${(sent + received).toLocaleString()} tokens`, cost > 0 ? `cost ${cost.toPrecision(2)}` : '');
      }
      fact(STAGE_NAMES[stage.stage], words.filter(Boolean).join(' · '));
    }
    if (metadata?.fit) {
      const { psnr_before: before, psnr_after: after, iterations } = metadata.fit;
      // At 99 dB there is no difference left to see.
      fact('Fit', before < 99 ? `${before.toFixed(1)} → ${after.toFixed(1)} dB, ${iterations} steps` : 'exact from the start');
    }
    fact('Size', `${bytes(new Blob([svg]).size)}, ${many(found.shapes, 'shape')}, ${many(found.layers, 'layer')}`);
    fact('Seed', String(job.request.seed));
    $('#facts').replaceChildren(...facts);

    const credits = metadata?.credits ?? [];
    $('#credits').replaceChildren();
    if (credits.length) {
      $('#credits').append(
        el(
          'details',
          { class: 'credits' },
          el('summary', { textContent: `Art by others (${credits.length}): keep the credit` }),
          el(
            'ul',
            {},
            credits.map((credit) =>
              el('li', { textContent: `${credit.title}, ${credit.author}, ${credit.license}, ${credit.source}` }),
            ),
          ),
        ),
      );
    }
    $('#report').hidden = false;
  }

  async #cancel() {
    const button = $('#cancel');
    button.disabled = true;
    button.textContent = 'Stopping';
    try {
      await api.cancel(this.job.id);
    } catch (problem) {
      if (problem.code !== 'already-final') toast(problem.message);
    }
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.svg);
      toast('SVG copied');
    } catch {
      toast('The browser did not allow copying: download it instead');
    }
  }

  async #png() {
    const button = $('#download-png');
    button.disabled = true;
    try {
      const picture = await api.resultPng(this.job.id, $('#png-width').value);
      const address = URL.createObjectURL(picture);
      el('a', { href: address, download: fileName(this.job, 'png') }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (problem) {
      toast(problem.message);
    } finally {
      button.disabled = false;
    }
  }
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function note(title, text) {
  return el('p', { class: 'note' }, el('strong', { textContent: title }), text ? `: ${text}` : '');
}
