// The layers of a result: read from the SVG as inert XML, shown as a list, switched on and off.

import { el, icon, many } from './ui.js';

const INKSCAPE = 'http' + '://www.inkscape.org/namespaces/inkscape';
const PAINTED = ['g', 'path', 'rect', 'circle', 'ellipse', 'polygon', 'polyline', 'line', 'text', 'use'];
const SHAPES = 'path, rect, circle, ellipse, polygon, polyline, line, text, use';
const MAX_ROWS = 200;

export class Layers {
  constructor(list, onChange) {
    this.list = list;
    this.onChange = onChange;
    this.tree = null;
  }

  /** Shows the layers of an SVG text; gives how many layers and shapes there are. */
  show(svg) {
    const tree = new DOMParser().parseFromString(svg, 'image/svg+xml');
    if (tree.querySelector('parsererror')) {
      this.tree = null;
      this.list.replaceChildren();
      return { layers: 0, shapes: 0 };
    }
    this.tree = tree;
    const rows = [];
    const layers = painted(tree.documentElement);
    // What is painted last is on top, and comes first in the list.
    for (const layer of [...layers].reverse()) this.#row(layer, 0, rows);
    this.list.replaceChildren(...rows);
    return { layers: layers.length, shapes: tree.querySelectorAll(SHAPES).length };
  }

  #row(node, depth, rows) {
    if (rows.length >= MAX_ROWS) return;
    const groups = painted(node).filter((child) => child.localName === 'g' && named(child));
    const count = node.localName === 'g' ? node.querySelectorAll(SHAPES).length : 1;
    const name = named(node) || (node.localName === 'g' ? 'group' : node.localName);
    const row = el('li', { class: `layer depth-${depth}` });
    const toggle = el('button', {
      type: 'button',
      class: 'icon-button',
      'aria-pressed': 'true',
      'aria-label': `Show ${name}`,
      onclick: () => this.#toggle(node, row, toggle),
    });
    toggle.append(icon('eye'));
    row.append(
      toggle,
      el('span', { class: 'layer-name', textContent: name, title: name }),
      el('span', { class: 'layer-count', textContent: many(count, 'shape') }),
    );
    rows.push(row);
    if (depth < 2) for (const group of groups.reverse()) this.#row(group, depth + 1, rows);
  }

  #toggle(node, row, button) {
    const off = node.getAttribute('display') !== 'none';
    if (off) node.setAttribute('display', 'none');
    else node.removeAttribute('display');
    button.setAttribute('aria-pressed', String(!off));
    button.replaceChildren(icon(off ? 'hidden' : 'eye'));
    row.toggleAttribute('data-off', off);
    this.onChange(new XMLSerializer().serializeToString(this.tree));
  }
}

const painted = (node) => [...node.children].filter((child) => PAINTED.includes(child.localName));

function named(node) {
  return (node.getAttributeNS(INKSCAPE, 'label') || node.getAttribute('id') || '').trim();
}
