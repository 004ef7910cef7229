// What is done with a result: layers, code, variants, comparison, files. Loaded with the first one.

import * as api from './api.js';
import { copyText, rasterise, save } from './exports.js';
import { Layers } from './layers.js';
import { report } from './report.js';
import { Zoom } from './zoom.js';
import { $, el, fileName, hasResult, toast } from './ui.js';

// Its own sheet, so that a first visit need not load it.
document.head.append(el('link', { rel: 'stylesheet', href: '/assets/result.css' }));

export class Result {
  constructor(picture, { onOpen }) {
    this.picture = picture;
    this.onOpen = onOpen;
    this.job = null;
    picture.zoom = new Zoom();
    this.layers = new Layers($('#layers'), (svg) => this.#changed(svg), () => this.#keep());
    this.code = null;
    this.variants = null;
  }

  /** Takes a job's picture over. */
  async open(job, svg) {
    this.job = job;
    this.svg = svg;
    report(job, svg, this.layers.show(svg));
    $('#zoom').hidden = false;
    this.code?.show(svg);
    const isWanted = () => this.job === job;
    if (this.variants || sessionStorageHasVariants()) (await this.#side()).show(job);
    if (job.request.kind !== 'generate') (await import('./compare.js')).compare(job.id, isWanted);
  }

  /** Keeps what is shown as a result of its own. */
  async #keep() {
    if (!this.layers.isEdited) return;
    try {
      const svg = new File([this.#shown], 'edited.svg', { type: 'image/svg+xml' });
      this.onOpen(await api.submit('edited', { svg }));
      toast('Saved as a new result');
    } catch (problem) {
      toast(problem.message);
    }
  }

  #changed(svg) {
    this.picture.show(svg, this.job.request.prompt);
    this.code?.show(svg);
  }

  /** What is seen, with all edits. */
  get #shown() {
    return this.picture.svg;
  }

  saveSvg() {
    save(this.#shown, 'image/svg+xml', fileName(this.job, 'svg'));
  }

  async savePng() {
    const button = $('#download-png');
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    const width = Number($('#png-width').value);
    try {
      // The service renders its own results; what was edited here, or never ended, only this page has.
      const isOwn = hasResult(this.job.state) && !this.layers.isEdited;
      const png = isOwn ? await api.resultPng(this.job.id, width) : await rasterise(this.#shown, width);
      save(png, 'image/png', fileName(this.job, 'png'));
    } catch (problem) {
      toast(problem.message);
    } finally {
      button.setAttribute('aria-disabled', 'false');
    }
  }

  async copy() {
    if (await copyText(this.#shown)) toast('SVG copied');
    else toast('The browser did not allow copying: download it instead');
  }

  async toggleCode() {
    const { CodeView } = await import('./code.js');
    const section = $('#code-view');
    this.code ??= new CodeView(section);
    section.hidden = !section.hidden;
    $('#code').setAttribute('aria-expanded', String(!section.hidden));
    this.code.show(this.#shown);
  }

  async vary() {
    (await this.#side()).draw(this.job);
  }

  async #side() {
    const { Variants } = await import('./variants.js');
    this.variants ??= new Variants($('#variants'), this.onOpen);
    return this.variants;
  }
}

function sessionStorageHasVariants() {
  try {
    return sessionStorage.getItem('chat2svg-variants') !== null;
  } catch {
    return false;
  }
}
