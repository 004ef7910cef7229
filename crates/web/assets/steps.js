// How far each stage of a job is.

import { STAGES, STAGE_NAMES, announce, el } from './ui.js';

const PHASES = { completed: 'done', 'cut-short': 'cut-short', skipped: 'skipped', failed: 'failed' };
const PHASE_NAMES = { done: 'done', 'cut-short': 'cut short', skipped: 'skipped', failed: 'failed', waiting: '' };

export class Steps {
  constructor(list) {
    this.list = list;
  }

  start() {
    this.list.replaceChildren(
      ...STAGES.map((stage) =>
        el(
          'li',
          { class: 'step', 'data-stage': stage, 'data-phase': 'waiting' },
          el('div', { class: 'step-head' }, el('span', { class: 'step-name', textContent: STAGE_NAMES[stage] }), el('span', { class: 'step-note' })),
          el('progress', { max: 1, value: 0, 'aria-label': STAGE_NAMES[stage] }),
        ),
      ),
    );
  }

  /** Takes an event of the job over. */
  take(name, data) {
    if (name === 'started') {
      for (const stage of STAGES) this.#set(stage, data.stages.includes(stage) ? 'waiting' : 'skipped');
    } else if (name === 'stage' && data.phase === 'started') {
      this.#set(data.stage, 'running', 0, data.level);
      announce(STAGE_NAMES[data.stage]);
    } else if (name === 'stage') {
      this.#set(data.stage, PHASES[data.status] ?? 'done', 1);
    } else if (name === 'progress') {
      this.#set(data.stage, 'running', data.fraction);
    }
  }

  #set(stage, phase, fraction = 0, level = null) {
    const step = this.list.querySelector(`[data-stage=${stage}]`);
    if (!step) return;
    const ended = ['done', 'cut-short', 'failed'].includes(step.dataset.phase);
    if (ended && phase === 'running' && level === null) return;
    step.dataset.phase = phase;
    step.querySelector('progress').value = fraction;
    const note = step.querySelector('.step-note');
    if (level) note.textContent = level;
    else if (phase !== 'running') note.textContent = PHASE_NAMES[phase];
  }
}
