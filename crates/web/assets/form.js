// The form: what to start from, and options; checks what can be checked before anything is sent.

import { Files, fault } from './files.js';
import { $, $$, bytes } from './ui.js';

const MODES = ['words', 'picture', 'refine'];
const FILES = { words: [], picture: ['image'], refine: ['template', 'target'] };
const LABELS = { words: 'Draw it', picture: 'Redraw as vectors', refine: 'Fit it' };

export class Form {
  constructor(onSubmit) {
    this.form = $('#form');
    this.mode = 'words';
    // Until the service has told its own.
    this.limits = { prompt_chars: Infinity, upload_bytes: Infinity, deadline_ms: Infinity, png_width: Infinity };
    this.onSubmit = onSubmit;
    this.isBusy = false;
    this.stopWaiting = null;
    this.tabs = $$('[role=tab]');
    this.#bindTabs();
    this.#bindPrompt();
    this.files = new Files(this);
    this.more = null;
    $('.options').addEventListener('toggle', () => this.#furnish().catch(() => {}));
    this.#bindOptions();
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    $('#draw').addEventListener('click', (event) => {
      if (!this.stopWaiting) return;
      event.preventDefault();
      this.stopWaiting();
    });
    $('#shuffle').addEventListener('click', () => this.shuffle());
    this.#summarise();
  }

  /** Takes over a prompt and a style. */
  ask(prompt, style) {
    this.select('words');
    $('#prompt').value = prompt;
    for (const radio of this.form.elements.style) radio.checked = radio.value === style;
    this.#count();
    this.#summarise();
  }

  submit() {
    if (this.isBusy) return;
    const fields = this.#gather();
    if (fields) this.onSubmit(this.mode, fields);
  }

  shuffle() {
    $('#seed').value = String(Math.floor(Math.random() * 1e6));
    this.#summarise();
  }

  /** Takes over what the service accepts at most. */
  limit(limits) {
    if (JSON.stringify(limits) === JSON.stringify(this.limits)) return;
    this.limits = limits;
    $('#upload-limit').textContent = `, up to ${bytes(limits.upload_bytes)}`;
    for (const option of $$('#deadline option')) option.disabled = option.value > limits.deadline_ms;
    for (const option of $$('#png-width option')) option.disabled = option.value > limits.png_width;
    this.#count();
  }

  /** Takes over what a job was asked, so that it can be varied. */
  async fill(request) {
    if (request.kind !== 'generate') return;
    const more = await this.#furnish();
    this.select('words');
    $('#prompt').value = request.prompt;
    for (const radio of this.form.elements.style) radio.checked = radio.value === (request.style ?? '');
    more.fill(request);
    this.#choose('#deadline', String(request.deadline_ms));
    this.#choose('#level', request.level);
    this.#choose('#candidates', String(request.candidates));
    $('#seed').value = String(request.seed);
    this.#count();
    this.#summarise();
  }

  /** While a request is on its way. The button keeps the focus, so it is not disabled. */
  busy(on) {
    this.isBusy = on;
    $('#draw').setAttribute('aria-disabled', String(on));
    $('.primary-label').textContent = on ? 'Sending' : LABELS[this.mode];
  }

  /** Waits until a busy service may be asked again; whether it shall be. */
  async waits(text, seconds) {
    const note = $('#form-note');
    note.textContent = `${text} Trying again in ${Math.ceil(seconds)} s.`;
    note.hidden = false;
    $('#draw').setAttribute('aria-disabled', 'false');
    $('.primary-label').textContent = 'Stop trying';
    const goesOn = await new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000, true);
      this.stopWaiting = () => resolve(false);
    });
    this.stopWaiting = null;
    note.hidden = true;
    this.busy(goesOn);
    return goesOn;
  }

  /** A file was chosen for a field, or refused. */
  filesChanged(input, wrong) {
    this.#clear();
    if (wrong) this.#fail(input, wrong);
  }

  /** Shows why the service refused, at the fields that it names. */
  showProblem(problem) {
    const names = { deadline_ms: 'deadline', paths: 'max_paths', bytes: 'max_bytes' };
    if (this.mode === 'picture') names.background = 'ground';
    for (const { field } of problem.errors) {
      const input = this.form.elements[names[field] ?? field];
      if (input instanceof HTMLElement) {
        this.#refuse(input);
        unfold(input);
      }
    }
    const details = problem.errors.length
      ? problem.errors.map(({ detail }) => detail)
      : [problem.message];
    if (problem.retryAfter) details.push(`Try again in ${problem.retryAfter} s.`);
    this.#error(details.map((text) => text.charAt(0).toUpperCase() + text.slice(1)).join(' '));
  }

  select(mode, focus = false) {
    this.mode = mode;
    for (const tab of this.tabs) {
      const on = tab.dataset.mode === mode;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
      $(`#${tab.getAttribute('aria-controls')}`).hidden = !on;
      if (on && focus) tab.focus();
    }
    this.#fit();
    if (!this.isBusy) this.busy(false);
    this.#clear();
    this.#summarise();
  }

  /** Shows the fields of the mode. */
  #fit() {
    for (const field of $$('[data-for]', this.form)) {
      field.hidden = !field.dataset.for.split(' ').includes(this.mode);
    }
  }

  /** Adds what is seldom asked for. */
  #furnish() {
    this.furnishing ??= import('./more.js').then(({ More }) => {
      this.more = new More(this.form.elements, () => {
        this.#clear();
        this.#summarise();
      });
      this.#fit();
      return this.more;
    });
    return this.furnishing.catch((problem) => {
      this.furnishing = null;
      throw problem;
    });
  }

  #bindTabs() {
    for (const tab of this.tabs) {
      tab.addEventListener('click', () => this.select(tab.dataset.mode));
      tab.addEventListener('keydown', (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const at = MODES.indexOf(this.mode);
        const next = step
          ? (at + step + MODES.length) % MODES.length
          : { Home: 0, End: MODES.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        this.select(MODES[next], true);
      });
    }
  }

  #bindPrompt() {
    const prompt = $('#prompt');
    prompt.addEventListener('input', () => {
      this.#count();
      this.#clear();
    });
    prompt.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.form.requestSubmit();
      }
    });
    if (/Mac|iPhone|iPad/.test(navigator.userAgent)) {
      $('#prompt-hint kbd').textContent = '⌘';
    }
  }

  #bindOptions() {
    this.form.addEventListener('change', (event) => {
      // Files and the prompt are looked at when they are given; the prompt's change comes only when
      // it loses the focus, which may be to what has just been refused.
      if (event.target.matches('[type=file], textarea')) return;
      this.#clear();
      this.#summarise();
    });
  }

  #choose(selector, value) {
    const select = $(selector);
    if ([...select.options].some((option) => option.value === value)) select.value = value;
  }

  #count() {
    const length = [...$('#prompt').value.trim()].length;
    const count = $('#prompt-count');
    const most = this.limits.prompt_chars;
    count.textContent = length > most * 0.8 ? `${length} / ${most}` : '';
    count.classList.toggle('over', length > most);
  }

  #summarise() {
    const parts = [];
    if (this.mode === 'words') parts.push((this.more?.size ?? $('#size').value).replace('x', ' × '));
    parts.push($('#deadline').selectedOptions[0].textContent);
    if ($('#seed').value !== '0') parts.push(`seed ${$('#seed').value}`);
    $('#options-sum').textContent = [...(this.more?.summarise(this.mode) ?? []), ...parts].join(' · ');
  }

  #gather() {
    this.#clear();
    const elements = this.form.elements;
    const fields = {};
    const seed = $('#seed');
    if (seed.value !== '') {
      if (!/^\d{1,15}$/.test(seed.value)) return this.#fail(seed, 'The seed is a whole number from 0.');
      fields.seed = Number(seed.value);
    } else if (seed.validity.badInput) {
      return this.#fail(seed, 'The seed is a whole number from 0.');
    }
    fields.deadline_ms = Number($('#deadline').value);
    fields.level = $('#level').value;
    if (this.mode === 'words') {
      const prompt = $('#prompt');
      fields.prompt = prompt.value.trim();
      if (!fields.prompt) return this.#fail(prompt, 'Say in a few words what the picture shows.');
      if ([...fields.prompt].length > this.limits.prompt_chars) {
        return this.#fail(prompt, `At most ${this.limits.prompt_chars} characters: shorten it.`);
      }
      if (elements.style.value) fields.style = elements.style.value;
      if (elements.background.value) fields.background = elements.background.value;
      [fields.width, fields.height] = $('#size').value.split('x').map(Number);
      fields.candidates = Number($('#candidates').value);
      return this.#more(fields);
    }
    for (const name of FILES[this.mode]) {
      const input = elements[name];
      const file = input.files[0];
      if (!file) {
        return this.#fail(input, name === 'template' ? 'Choose the SVG to start from.' : 'Choose a picture.');
      }
      const wrong = fault(name, file, this.limits);
      if (wrong) return this.#fail(input, wrong);
      fields[name] = file;
    }
    if (this.mode === 'picture' && elements.ground.value) fields.background = elements.ground.value;
    if (this.mode === 'refine') fields.add_shapes = elements.add_shapes.checked;
    return this.#more(fields);
  }

  /** The fields with what was chosen of what is seldom asked for. */
  #more(fields) {
    return this.more ? this.more.gather(this.mode, fields, (input, text) => this.#fail(input, text)) : fields;
  }

  #fail(input, text) {
    this.#refuse(input);
    this.#error(text);
    unfold(input);
    input.focus();
    return null;
  }

  #refuse(input) {
    input.setAttribute('aria-invalid', 'true');
    (input.closest('.prompt-box, .drop') ?? input).classList.add('refused');
  }

  #error(text) {
    const node = $('#form-error');
    node.textContent = text;
    node.hidden = false;
  }

  #clear() {
    $('#form-error').hidden = true;
    for (const node of $$('[aria-invalid]', this.form)) node.removeAttribute('aria-invalid');
    for (const node of $$('.refused', this.form)) node.classList.remove('refused');
  }
}

/** Opens whatever an input is folded away in. */
function unfold(input) {
  for (let fold = input.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
}
