// The code of what is shown, to read and to copy: SVG, data URI, JSX, PNG. Loaded when it is opened.

import { copyPng, copyText, dataUri } from './exports.js';
import { jsx } from './jsx.js';
import { $, bytes, el, icon, toast } from './ui.js';

const FORMS = {
  svg: ['SVG', (svg) => svg],
  uri: ['Data URI', dataUri],
  jsx: ['JSX', jsx],
};
/** Characters that are shown; all are copied. */
const LONGEST = 200_000;

export class CodeView {
  constructor(section) {
    this.section = section;
    this.form = 'svg';
    this.svg = '';
    this.text = el('pre', { class: 'code', tabIndex: 0, role: 'region', 'aria-label': 'Text of the code' });
    this.size = el('span', { class: 'hint' });
    this.tabs = Object.entries(FORMS).map(([form, [name]]) =>
      el('button', { type: 'button', 'data-form': form, textContent: name, onclick: () => this.#choose(form) }),
    );
    const copy = el('button', { type: 'button', class: 'button', id: 'copy-code', onclick: () => this.#copy() }, icon('copy'), 'Copy');
    const png = el('button', { type: 'button', class: 'button', onclick: () => this.#copyPng() }, icon('copy'), 'Copy as PNG');
    section.replaceChildren(
      el('div', { class: 'code-head' }, el('div', { class: 'segments words', role: 'group', 'aria-label': 'Form of the code' }, this.tabs), this.size, copy, png),
      this.text,
    );
    this.#choose('svg');
  }

  show(svg) {
    this.svg = svg;
    if (!this.section.hidden) this.#write();
  }

  #choose(form) {
    this.form = form;
    for (const tab of this.tabs) tab.setAttribute('aria-pressed', String(tab.dataset.form === form));
    this.#write();
  }

  #write() {
    this.code = this.svg && FORMS[this.form][1](this.svg);
    const rest = this.code.length - LONGEST;
    this.text.textContent = rest > 0 ? `${this.code.slice(0, LONGEST)}\n… ${rest} more characters, which are copied too` : this.code;
    this.size.textContent = bytes(new Blob([this.code]).size);
  }

  async #copy() {
    const name = FORMS[this.form][0];
    if (await copyText(this.code)) toast(`${name} copied`);
    else toast('The browser did not allow copying: select the code instead');
  }

  async #copyPng() {
    const width = Number($('#png-width').value);
    if (await copyPng(this.svg, width)) toast('PNG copied');
    else toast('The browser copies pictures only from pages over HTTPS or of this machine: download it instead');
  }
}
