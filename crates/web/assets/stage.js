// The easel: a job as it runs, and what came of it. What is done with results is loaded with the first.

import * as api from './api.js';
import { Picture } from './picture.js';
import { Steps } from './steps.js';
import {
  $, $$, STATE_NAMES,
  announce, hasResult, isFinal, seconds, servedLevel, titleOf, toast,
} from './ui.js';

const APP = 'chat2svg: words in, vectors out';
/** Between two looks at a job whose events cannot be followed, in milliseconds. */
const PAUSE = 1500;

export class Stage {
  constructor({ onAgain, onHigh, onOpen, onEnd }) {
    this.board = $('#board');
    this.job = null;
    this.stop = () => {};
    this.onEnd = onEnd;
    this.onOpen = onOpen;
    this.picture = new Picture();
    this.steps = new Steps($('#steps'));
    this.result = null;
    $('#cancel').addEventListener('click', () => this.#cancel());
    $('#again').addEventListener('click', () => onAgain(this.job));
    $('#draw-high').addEventListener('click', () => onHigh(this.job));
    for (const [id, act] of [['vary', 'vary'], ['copy-svg', 'copy'], ['download-svg', 'saveSvg'], ['download-png', 'savePng'], ['code', 'toggleCode']]) {
      $(`#${id}`).addEventListener('click', async () => (await this.#tools())[act]());
    }
    for (const button of $$('#grounds button')) {
      button.addEventListener('click', () => this.#ground(button.dataset.ground));
    }
    this.#ground('check');
  }

  /** Shows a job and follows it to its end. */
  open(job) {
    this.stop();
    const isSame = this.job?.id === job.id;
    this.job = job;
    if (!isSame) this.picture.clear();
    this.#title(job);
    this.#reset();
    if (isFinal(job.state)) this.#end(job);
    else this.#run(job);
  }

  isDrawing(id) {
    return this.job?.id === id && !isFinal(this.job.state);
  }

  /** Keeps the picture that a job is to follow, to compare both. */
  async keepOriginal(id, file) {
    (await import('./compare.js')).keepOriginal(id, file);
  }

  /** Back to the empty board. */
  clear() {
    this.#leave();
    this.#state('empty');
    $('#empty').hidden = false;
  }

  /** A job that cannot be shown. */
  fail(problem) {
    this.#leave();
    this.#failure(problem.title || 'That did not work', problem.message, problem.code);
  }

  /** Says what is waited for, where the picture will be. */
  wait(text) {
    $('#empty').hidden = true;
    $('#wait').hidden = false;
    $('#wait-text').textContent = text;
  }

  #leave() {
    this.stop();
    this.job = null;
    this.picture.clear();
    this.#reset();
    $('#easel-title').textContent = 'Your picture';
    $('#easel-sub').textContent = '';
    document.title = APP;
  }

  #title(job) {
    $('#easel-title').textContent = titleOf(job);
    this.#sub(job);
  }

  #sub(job) {
    const parts = [STATE_NAMES[job.state]];
    if (hasResult(job.state) && servedLevel(job) && servedLevel(job) !== 'high') parts.push(`level ${servedLevel(job)}`);
    if (job.metadata) parts.push(seconds(job.metadata.total_seconds));
    if (job.request.style) parts.push(job.request.style);
    else if (job.metadata?.style) parts.push(job.metadata.style);
    parts.push(`seed ${job.request.seed}`);
    $('#easel-sub').textContent = parts.join(' · ');
    document.title = `${STATE_NAMES[job.state]}: ${$('#easel-title').textContent} · chat2svg`;
  }

  #reset() {
    for (const id of ['empty', 'wait', 'failure', 'progress', 'actions', 'report', 'variants', 'code-view', 'unmet', 'zoom']) {
      $(`#${id}`).hidden = true;
    }
    $('#code').setAttribute('aria-expanded', 'false');
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
    if (!this.picture.svg) this.wait('Waiting for its turn');
    $('#progress').hidden = false;
    $('#cancel').setAttribute('aria-disabled', 'false');
    $('#cancel').textContent = 'Stop';
    this.steps.start();
    const began = performance.now() - (job.age ?? 0) * 1000;
    const limit = job.request.deadline_ms / 1000;
    const tick = () => {
      const passed = (performance.now() - began) / 1000;
      $('#elapsed').textContent = `${passed.toFixed(1)} s of at most ${limit} s`;
    };
    tick();
    const timer = setInterval(tick, 100);
    let unfollow = () => {};
    const isWanted = () => this.job?.id === job.id && !isFinal(this.job.state);
    // The events are over, or broke off for good: the job itself tells whether there is more to follow.
    const over = async () => {
      if (await this.#look(job.id)) return;
      await api.rest(PAUSE);
      if (isWanted()) follow();
    };
    const follow = () => {
      unfollow = api.follow(
        job.id,
        (name, data) => {
          if (!isWanted()) return;
          if (name === 'done') over();
          else this.#event(name, data);
        },
        over,
      );
    };
    follow();
    this.stop = () => {
      clearInterval(timer);
      unfollow();
      this.stop = () => {};
    };
    // It will be needed; a failure is met again when it is.
    this.#tools().catch(() => {});
    announce('The picture is being drawn.');
  }

  #event(name, data) {
    if (name === 'started') {
      $('#wait-text').textContent = 'Drawing';
      this.job.state = 'running';
      this.#sub(this.job);
    }
    if (name === 'turned-away') $('#wait-text').textContent = 'Its stages rest after failures: composing a simple picture';
    if (name === 'preview') this.picture.show(data.svg, this.job.request.prompt);
    else this.steps.take(name, data);
  }

  /** Looks at the job itself, and shows its end; whether it has ended, or is looked at no more. */
  async #look(id) {
    const isWanted = () => this.job?.id === id;
    try {
      const job = await api.persistently(() => api.job(id), isWanted, () => this.#trouble());
      if (!isWanted()) return true;
      if (!isFinal(job.state)) return false;
      this.stop();
      this.job = job;
      this.#title(job);
      const hadFocus = $('#progress').contains(document.activeElement);
      $('#progress').hidden = true;
      await this.#end(job);
      if (hadFocus && isWanted()) $('#easel-title').focus({ preventScroll: true });
      this.onEnd(job);
    } catch (problem) {
      if (isWanted()) this.fail(problem);
    }
    return true;
  }

  #trouble() {
    $('#elapsed').textContent = 'The service does not answer: trying again';
  }

  /** Shows how a job ended. */
  async #end(job) {
    const isWanted = () => this.job?.id === job.id;
    if (!hasResult(job.state)) {
      if (job.state === 'cancelled' && (this.picture.svg || (await this.#lastPreview(job, isWanted)))) {
        if (isWanted()) await this.#finish(job, this.picture.svg, isWanted);
      } else if (isWanted() && job.state === 'cancelled') {
        this.#failure('Stopped', 'The drawing was stopped before there was a picture.', '');
      } else if (isWanted()) {
        this.#failure('It could not be drawn', job.failure?.message ?? 'The job failed.', job.failure?.code ?? '');
      }
      return;
    }
    if (!this.picture.svg) this.wait('Fetching the picture');
    try {
      const svg = await api.persistently(() => api.resultSvg(job.id), isWanted, () => this.wait('The service does not answer: trying again'));
      if (isWanted()) await this.#finish(job, svg, isWanted);
    } catch (problem) {
      if (isWanted()) this.#failure(problem.title || 'The picture could not be fetched', problem.message, problem.code);
    }
  }

  /** What a job that was stopped had shown last, as long as the service remembers its events. */
  #lastPreview(job, isWanted) {
    return new Promise((resolve) => {
      let svg = null;
      const over = async () => {
        unfollow();
        if (svg && isWanted()) await this.picture.show(svg, job.request.prompt);
        resolve(svg);
      };
      const unfollow = api.follow(
        job.id,
        (name, data) => {
          if (name === 'preview') svg = data.svg;
          if (name === 'done') over();
        },
        over,
      );
    });
  }

  async #finish(job, svg, isWanted) {
    this.#state('done');
    await this.picture.show(svg, job.request.prompt);
    const tools = await this.#tools();
    if (!isWanted()) return;
    $('#wait').hidden = true;
    $('#vary').hidden = job.request.kind !== 'generate' || !hasResult(job.state);
    $('#draw-high').hidden = $('#vary').hidden || servedLevel(job) === 'high';
    $('#actions').hidden = false;
    tools.open(job, svg);
    announce(`${STATE_NAMES[job.state]} after ${seconds(job.metadata?.total_seconds)}.`);
  }

  /** What is done with results. */
  async #tools() {
    if (!this.result) {
      const { Result } = await import('./result.js');
      this.result ??= new Result(this.picture, { onOpen: this.onOpen });
    }
    return this.result;
  }

  #failure(title, detail, code) {
    this.#state('failed');
    this.picture.clear();
    $('#wait').hidden = true;
    $('#failure').hidden = false;
    $('#again').hidden = !this.job;
    $('#failure-title').textContent = title;
    $('#failure-detail').textContent = detail;
    $('#failure-code').textContent = code;
    $('#failure-code').hidden = !code;
    announce(`${title}. ${detail}`);
  }

  async #cancel() {
    const button = $('#cancel');
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = 'Stopping';
    try {
      await api.cancel(this.job.id);
    } catch (problem) {
      if (problem.code === 'already-final') return;
      toast(problem.message);
      button.setAttribute('aria-disabled', 'false');
      button.textContent = 'Stop';
    }
  }
}
