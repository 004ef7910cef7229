// The layers of a result: read from the SVG as inert XML, shown as a list, hidden, renamed,
// recoloured, moved and deleted, with undo. Loaded with the first result.

import { mainColour, recolour, sweep } from './recolour.js';
import { $, announce, el, icon, many } from './ui.js';

const INKSCAPE = 'http' + '://www.inkscape.org/namespaces/inkscape';
const PAINTED = ['g', 'path', 'rect', 'circle', 'ellipse', 'polygon', 'polyline', 'line', 'text', 'use', 'image'];
const SHAPES = 'path, rect, circle, ellipse, polygon, polyline, line, text, use, image';
const MAX_ROWS = 200;
const MAX_UNDO = 60;

export class Layers {
  /** `onChange(svg)` hears of what is to be shown, `onSave()` that it shall be kept. */
  constructor(root, onChange, onSave) {
    this.onChange = onChange;
    this.list = el('ul', { class: 'layers', tabIndex: 0, 'aria-label': 'Layers, the topmost first' });
    const button = (name, text, action) =>
      el('button', { type: 'button', class: 'button tool', 'data-tool': name, textContent: text, onclick: action });
    this.tools = el(
      'div',
      { class: 'layer-tools', role: 'group', 'aria-label': 'Edit layers' },
      button('undo', 'Undo', () => this.#step(-1)),
      button('redo', 'Redo', () => this.#step(1)),
      button('rename', 'Rename', () => this.#rename()),
      button('up', 'Up', () => this.#move(1)),
      button('down', 'Down', () => this.#move(-1)),
      button('delete', 'Delete', () => this.#delete()),
      onSave && button('save', 'Save as new', onSave),
    );
    root.replaceChildren(this.list, this.tools);
    root.onkeydown = (event) => this.#key(event);
  }

  /** Shows the layers of an SVG text; gives how many layers and shapes there are. */
  show(svg) {
    this.past = [svg];
    this.at = 0;
    this.selected = null;
    this.#parse(svg);
    this.#render();
    return this.tree ? { layers: painted(this.tree.documentElement).length, shapes: this.tree.querySelectorAll(SHAPES).length } : { layers: 0, shapes: 0 };
  }

  /** Whether what is shown differs from the result. */
  get isEdited() {
    return this.at > 0;
  }

  #parse(svg) {
    const tree = new DOMParser().parseFromString(svg, 'image/svg+xml');
    this.tree = tree.querySelector('parsererror') ? null : tree;
  }

  #render() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && [focused.closest('li')?.dataset.path, focused.dataset.part];
    const top = this.list.scrollTop;
    const rows = [];
    if (this.tree) {
      // What is painted last is on top, and comes first in the list.
      for (const layer of painted(this.tree.documentElement).reverse()) this.#row(layer, 0, false, rows);
    }
    this.list.replaceChildren(...rows);
    this.list.scrollTop = top;
    if (place?.[0]) $(`li[data-path="${place[0]}"] [data-part="${place[1]}"]`, this.list)?.focus();
    this.#enable();
  }

  #row(node, depth, isInHidden, rows) {
    if (rows.length >= MAX_ROWS) return;
    const groups = painted(node).filter((child) => child.localName === 'g' && named(child));
    const count = node.localName === 'g' ? node.querySelectorAll(SHAPES).length : 1;
    const name = nameOf(node);
    const isOff = node.getAttribute('display') === 'none';
    const path = pathOf(node);
    const colour = mainColour(node);
    const row = el('li', { class: `layer depth-${depth}`, 'data-path': path, 'data-off': isOff, 'data-dim': isInHidden });
    const eye = el('button', {
      type: 'button',
      class: 'icon-button',
      'data-part': 'eye',
      'aria-pressed': String(!isOff),
      'aria-label': `Show ${name}`,
      onclick: () => this.#toggle(path),
    });
    eye.append(icon(isOff ? 'hidden' : 'eye'));
    const swatch = colour
      ? el('input', {
          type: 'color',
          value: colour,
          'data-part': 'colour',
          'aria-label': `Colour of ${name}`,
          oninput: () => this.#tint(path, swatch.value, false),
          onchange: () => this.#tint(path, swatch.value, true),
        })
      : el('span', { class: 'no-colour' });
    const title = el('button', {
      type: 'button',
      class: 'layer-name',
      dir: 'auto',
      'data-part': 'name',
      'aria-pressed': String(path === this.selected),
      textContent: name,
      title: name,
      onclick: () => this.#select(path === this.selected ? null : path),
      ondblclick: () => {
        this.#select(path);
        this.#rename();
      },
    });
    row.append(eye, swatch, title, el('span', { class: 'layer-count', textContent: many(count, 'shape') }));
    rows.push(row);
    if (depth < 2) for (const group of groups.reverse()) this.#row(group, depth + 1, isInHidden || isOff, rows);
  }

  #select(path) {
    this.selected = path;
    for (const row of this.list.children) {
      $('[data-part=name]', row).setAttribute('aria-pressed', String(row.dataset.path === path));
    }
    this.#enable();
  }

  #enable() {
    const node = this.#chosen();
    const can = {
      undo: this.at > 0,
      redo: this.at < this.past.length - 1,
      rename: node,
      up: node && beside(node, 1),
      down: node && beside(node, -1),
      delete: node,
      save: this.isEdited,
    };
    for (const tool of this.tools.children) tool.setAttribute('aria-disabled', String(!can[tool.dataset.tool]));
  }

  #chosen() {
    return this.tree && this.selected !== null ? nodeAt(this.tree, this.selected) : null;
  }

  /** Takes over what was done to the tree. */
  #done(text) {
    this.past.splice(this.at + 1);
    this.past.push(this.#text());
    if (this.past.length > MAX_UNDO) this.past.splice(1, 1);
    this.at = this.past.length - 1;
    this.#render();
    this.onChange(this.past[this.at]);
    announce(text);
  }

  #text() {
    return new XMLSerializer().serializeToString(this.tree);
  }

  #step(by) {
    const svg = this.past[this.at + by];
    if (svg === undefined) return;
    this.at += by;
    this.#parse(svg);
    if (!this.#chosen()) this.selected = null;
    this.#render();
    this.onChange(svg);
    announce(by < 0 ? 'Undone' : 'Done again');
  }

  #toggle(path) {
    const node = nodeAt(this.tree, path);
    if (!node) return;
    const isOff = node.getAttribute('display') === 'none';
    if (isOff) node.removeAttribute('display');
    else node.setAttribute('display', 'none');
    this.#done(`${nameOf(node)} ${isOff ? 'shown' : 'hidden'}`);
  }

  /** While a colour is being chosen it is shown; once it is, it counts as one edit. */
  #tint(path, colour, isChosen) {
    this.#parse(this.past[this.at]);
    const node = nodeAt(this.tree, path);
    if (!node) return;
    recolour(node, colour);
    sweep(this.tree);
    if (isChosen) this.#done(`${nameOf(node)} recoloured`);
    else this.onChange(this.#text());
  }

  #move(by) {
    const node = this.#chosen();
    const other = node && beside(node, by);
    if (!other) return;
    if (by > 0) other.after(node);
    else other.before(node);
    this.selected = pathOf(node);
    this.#done(`${nameOf(node)} moved ${by > 0 ? 'up' : 'down'}`);
    $(`li[data-path="${this.selected}"]`, this.list)?.scrollIntoView({ block: 'nearest' });
  }

  #delete() {
    const node = this.#chosen();
    if (!node) return;
    const name = nameOf(node);
    const isInList = this.list.contains(document.activeElement);
    node.remove();
    this.selected = null;
    this.#done(`${name} deleted`);
    if (isInList) this.list.focus();
  }

  #rename() {
    const node = this.#chosen();
    if (!node) return;
    const title = $(`li[data-path="${this.selected}"] [data-part=name]`, this.list);
    let isOver = false;
    const end = (isKept) => {
      if (isOver) return;
      isOver = true;
      const name = field.value.trim();
      field.replaceWith(title);
      title.focus();
      if (!isKept || !name || name === nameOf(node)) return;
      node.setAttributeNS(INKSCAPE, 'inkscape:label', name);
      this.#done(`Renamed to ${name}`);
    };
    const field = el('input', {
      type: 'text',
      class: 'layer-field',
      dir: 'auto',
      maxLength: 120,
      value: nameOf(node),
      'aria-label': 'Name of the layer',
      onblur: () => end(true),
      onkeydown: (event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        end(event.key === 'Enter');
      },
    });
    title.replaceWith(field);
    field.focus();
    field.select();
  }

  #key(event) {
    if (event.target.matches('input[type=text]')) return;
    const path = event.target.closest?.('li')?.dataset.path;
    const command = event.ctrlKey || event.metaKey;
    const act = {
      z: command && (() => this.#step(event.shiftKey ? 1 : -1)),
      y: command && (() => this.#step(1)),
      F2: path && (() => this.#rename()),
      Delete: path && (() => this.#delete()),
      ArrowUp: path && event.altKey && (() => this.#move(1)),
      ArrowDown: path && event.altKey && (() => this.#move(-1)),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    if (path && !command) this.#select(path);
    act();
  }
}

const painted = (node) => [...node.children].filter((child) => PAINTED.includes(child.localName));

function named(node) {
  return (node.getAttributeNS(INKSCAPE, 'label') || node.getAttribute('id') || '').trim();
}

const nameOf = (node) => named(node) || (node.localName === 'g' ? 'group' : node.localName);

/** Where a node is in its tree, as numbers of children. */
function pathOf(node) {
  const steps = [];
  for (let at = node; at.parentElement; at = at.parentElement) steps.unshift([...at.parentElement.children].indexOf(at));
  return steps.join('.');
}

function nodeAt(tree, path) {
  return path.split('.').reduce((node, step) => node?.children[step], tree.documentElement) ?? null;
}

/** What is painted right over a node of the same parent, or right under it. */
function beside(node, by) {
  const siblings = painted(node.parentElement);
  return siblings[siblings.indexOf(node) + by];
}
