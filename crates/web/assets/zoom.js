// Zoom and pan of the picture, by buttons, keys, wheel and fingers. Loaded with the first result.

import { $, el, icon } from './ui.js';

const MOST = 32;
const STEP = 1.25;
const MOVE = 40;

export class Zoom {
  constructor() {
    this.viewport = $('#viewport');
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fingers = new Map();
    this.share = el('button', { type: 'button', 'aria-label': 'Fit: 100 %', title: 'Fit', onclick: () => this.fit() });
    $('#zoom').replaceChildren(
      el('button', { type: 'button', 'aria-label': 'Zoom out', title: 'Zoom out', onclick: () => this.by(1 / STEP) }, icon('minus')),
      this.share,
      el('button', { type: 'button', 'aria-label': 'Zoom in', title: 'Zoom in', onclick: () => this.by(STEP) }, icon('plus')),
    );
    this.viewport.tabIndex = 0;
    this.viewport.setAttribute('role', 'group');
    this.viewport.setAttribute('aria-label', 'Picture. Plus and minus zoom, arrow keys move, zero fits.');
    this.viewport.addEventListener('keydown', (event) => this.#key(event));
    this.viewport.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.viewport.addEventListener('pointerdown', (event) => this.#down(event));
    this.viewport.addEventListener('pointermove', (event) => this.#drag(event));
    for (const name of ['pointerup', 'pointercancel']) {
      this.viewport.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
    this.#apply();
  }

  fit() {
    this.scale = 1;
    this.#apply();
  }

  /** Zooms about a point of the viewport, else about its middle. */
  by(factor, at = null) {
    const { width, height } = this.viewport.getBoundingClientRect();
    const [left, top] = at ?? [width / 2, height / 2];
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    this.x = left - ((left - this.x) * scale) / this.scale;
    this.y = top - ((top - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#apply();
  }

  #apply() {
    const { width, height } = this.viewport.getBoundingClientRect();
    this.x = Math.min(0, Math.max(this.x, width * (1 - this.scale)));
    this.y = Math.min(0, Math.max(this.y, height * (1 - this.scale)));
    this.viewport.style.setProperty('--zoom', `translate(${this.x}px, ${this.y}px) scale(${this.scale})`);
    this.viewport.toggleAttribute('data-zoomed', this.scale > 1);
    const share = `${Math.round(this.scale * 100)} %`;
    this.share.textContent = share;
    this.share.setAttribute('aria-label', `Fit: ${share}`);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.viewport) return;
    const moves = { ArrowLeft: [MOVE, 0], ArrowRight: [-MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE] };
    if (event.key === '+' || event.key === '=') this.by(STEP);
    else if (event.key === '-') this.by(1 / STEP);
    else if (event.key === '0') this.fit();
    else if (moves[event.key] && this.scale > 1) {
      this.x += moves[event.key][0];
      this.y += moves[event.key][1];
      this.#apply();
    } else return;
    event.preventDefault();
  }

  /** With a key, or by two fingers, as browsers report it; a plain wheel scrolls the page. */
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = this.viewport.getBoundingClientRect();
    this.by(Math.exp(-event.deltaY / 200), [event.clientX - left, event.clientY - top]);
  }

  #down(event) {
    if (event.button !== 0 || event.target.closest('input')) return;
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.scale > 1) this.viewport.setPointerCapture(event.pointerId);
  }

  #drag(event) {
    const from = this.fingers.get(event.pointerId);
    if (!from) return;
    const to = [event.clientX, event.clientY];
    this.fingers.set(event.pointerId, to);
    if (this.fingers.size === 1) {
      this.x += to[0] - from[0];
      this.y += to[1] - from[1];
      this.#apply();
      return;
    }
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    const { left, top } = this.viewport.getBoundingClientRect();
    this.by(apart(to) / apart(from), [(to[0] + other[0]) / 2 - left, (to[1] + other[1]) / 2 - top]);
  }
}
