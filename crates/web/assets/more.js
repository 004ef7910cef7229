// What is seldom asked for: sizes and backgrounds of one's own, kinds, colours, limits. Built when the
// options are opened, or a job asked for it.

import { $, el, icon, many } from './ui.js';

const LIMITS = [
  ['max_paths', 1, 4096, 'paths'],
  ['max_bytes', 512, 16777216, 'bytes'],
];
const SIDES = ['width', 'height'];

/** The colours of a text; commas within parentheses are the colours' own. */
const colours = (text) =>
  text.split(/[,;](?![^(]*\))/).map((colour) => colour.trim()).filter(Boolean);

const field = (modes, ...parts) => el('div', { class: 'field', 'data-for': modes }, parts);
const label = (id, text) => el('label', { htmlFor: id, textContent: text });
const check = (name, text, checked) =>
  el('label', { class: 'check' }, el('input', { type: 'checkbox', name, checked }), el('span', { textContent: text }));
const select = (id, choices) =>
  el('select', { id, name: id }, choices.map(([value, text]) => el('option', { value, textContent: text })));
const number = (id, min, max, more) =>
  el('input', { id, name: id, type: 'number', inputMode: 'numeric', min, max, step: 1, ...more });

export class More {
  /** `elements` are those of the form; `onChange` hears of what changes without an event of its own. */
  constructor(elements, onChange) {
    this.elements = elements;
    this.onChange = onChange;
    this.#build();
    for (const name of ['size', 'background', 'palette']) {
      elements[name].addEventListener('input', () => this.#look());
    }
    this.#look();
  }

  /** Width and height. */
  get size() {
    const { size, width, height } = this.elements;
    return size.value || `${width.value}x${height.value}`;
  }

  /** Takes over what a job was asked. */
  fill(request) {
    const elements = this.elements;
    const choose = (select, value, other = '') => {
      const isOffered = [...select.options].some((option) => option.value === value);
      select.value = isOffered ? value : other;
      return isOffered;
    };
    choose(elements.size, `${request.width}x${request.height}`);
    for (const side of SIDES) elements[side].value = request[side];
    if (!choose(elements.background, request.background ?? '', 'colour')) this.background.value = request.background;
    choose(elements.kind, request.picture_kind);
    elements.negative.value = request.negative ?? '';
    elements.palette.value = (request.palette ?? []).join(', ');
    elements.strict_palette.checked = request.strict_palette ?? false;
    elements.max_paths.value = request.paths ?? '';
    elements.max_bytes.value = request.bytes ?? '';
    this.#look();
  }

  /** Says in a few words what is chosen here. */
  summarise(mode) {
    const { kind, negative, palette, max_colors, gradients, small_shapes } = this.elements;
    const parts = [];
    if (mode === 'words' && kind.value) parts.push(kind.value);
    if (mode === 'words' && negative.value.trim()) parts.push(`no ${negative.value.trim()}`);
    const count = colours(palette.value).length;
    if (count) parts.push(many(count, 'colour'));
    if (mode === 'picture') {
      if (max_colors.value) parts.push(max_colors.value === 'few' ? 'few colours' : `${max_colors.value} colours`);
      if (!gradients.checked) parts.push('no gradients');
      if (!small_shapes.checked) parts.push('no smallest shapes');
    }
    for (const [name, , , noun] of LIMITS) {
      const { value } = this.elements[name];
      if (value) parts.push(`${value} ${noun}`);
    }
    this.sum.textContent = parts.join(' · ');
    return parts;
  }

  /** Adds what is chosen to the fields of a request; `fail(input, text)` hears what is wrong. */
  gather(mode, fields, fail) {
    const elements = this.elements;
    const isWhole = ({ value }, least, most) => /^\d+$/.test(value) && value >= least && value <= most;
    if (mode === 'words') {
      for (const side of SIDES) {
        const input = elements[side];
        if (!elements.size.value && !isWhole(input, 16, 4096)) return fail(input, `The ${side} is 16 to 4096 pixels.`);
      }
      [fields.width, fields.height] = this.size.split('x').map(Number);
      if (elements.background.value === 'colour') fields.background = this.background.value;
      if (elements.kind.value) fields.kind = elements.kind.value;
      if (elements.negative.value.trim()) fields.negative = elements.negative.value.trim();
    } else if (mode === 'picture') {
      if (elements.max_colors.value) fields.max_colors = elements.max_colors.value;
      fields.gradients = elements.gradients.checked;
      fields.small_shapes = elements.small_shapes.checked;
    }
    const palette = colours(elements.palette.value);
    const wrong = palette.find((colour) => !CSS.supports('color', colour));
    if (wrong) return fail(elements.palette, `“${wrong}” is no colour as in CSS, such as navy or #ffd24d.`);
    if (palette.length === 1) return fail(elements.palette, 'One colour alone is no palette: give 2 to 64.');
    if (palette.length && fields.max_colors) return fail(elements.max_colors, 'Give colours or a number of them, not both.');
    if (palette.length) {
      fields.palette = mode === 'words' ? palette : palette.join(', ');
      fields.strict_palette = elements.strict_palette.checked;
    } else if (elements.strict_palette.checked) {
      return fail(elements.palette, 'Say which colours are to be the only ones.');
    }
    for (const [name, least, most, noun] of LIMITS) {
      const input = elements[name];
      if (input.value === '' && !input.validity.badInput) continue;
      if (!isWhole(input, least, most)) return fail(input, `The number of ${noun} is ${least} to ${most}.`);
      fields[name] = Number(input.value);
    }
    return fields;
  }

  #build() {
    const { size, background } = this.elements;
    const side = (name, value) => number(name, 16, 4096, { value, 'aria-label': `${name === 'width' ? 'Width' : 'Height'} in pixels` });
    this.sides = el('div', { class: 'sides' }, side('width', 640), el('span', { 'aria-hidden': 'true', textContent: '×' }), side('height', 480));
    size.append(el('option', { value: '', textContent: 'Another size' }));
    size.after(this.sides);
    this.background = el('input', { class: 'colour', type: 'color', value: '#fff2d6', 'aria-label': 'Colour of the background' });
    background.append(el('option', { value: 'colour', textContent: 'Another colour' }));
    background.after(this.background);
    this.sum = el('span', { class: 'options-sum' });
    this.chips = el('ul', { class: 'chips', 'aria-hidden': 'true' });
    const chevron = icon('chevron');
    chevron.classList.add('chevron');
    const add = el('input', { class: 'colour', type: 'color', value: '#ff6663', 'aria-label': 'Add a colour', title: 'Add a colour' });
    add.addEventListener('change', () => {
      const { palette } = this.elements;
      palette.value = [...colours(palette.value), add.value].join(', ');
      this.#look();
      this.onChange();
    });
    const text = (id, more) => el('input', { id, name: id, type: 'text', autocomplete: 'off', ...more });
    const colourField = field(
      'words picture refine',
      label('palette', 'Colours'),
      el('div', { class: 'with-button' }, text('palette', { autocapitalize: 'off', placeholder: '#0b3954, #ff6663, white', 'aria-describedby': 'palette-hint' }), add),
      this.chips,
      el('p', { class: 'hint', id: 'palette-hint', textContent: '2 to 64, as in CSS, with commas between them.' }),
      check('strict_palette', 'Use no others'),
    );
    colourField.classList.add('wide');
    const counts = [['', 'As the picture has'], ['few', 'As few as tell things apart'], ...[2, 4, 8, 16, 32].map((count) => [count, `${count} at most`])];
    $('#more-options').append(
      el('summary', {}, el('span', { textContent: 'More' }), this.sum, chevron),
      el(
        'div',
        { class: 'options-grid' },
        field('words', label('kind', 'What it is'), select('kind', [['', 'An illustration'], ['icon', 'An icon'], ['logo', 'A logo'], ['pattern', 'A pattern']])),
        field('words', label('negative', 'Leave out'), text('negative', { dir: 'auto', placeholder: 'clouds, birds' })),
        colourField,
        field('picture', label('max_colors', 'Number of colours'), select('max_colors', counts)),
        field('picture', check('gradients', 'Gradients', true), check('small_shapes', 'Smallest shapes', true)),
        LIMITS.map(([id, least, most, noun]) =>
          field('words picture refine', label(id, `${noun === 'paths' ? 'Paths' : 'Bytes'}, at most`), number(id, least, most, { placeholder: 'as needed' })),
        ),
      ),
    );
  }

  /** Shows what belongs to what is chosen. */
  #look() {
    const { size, background, palette } = this.elements;
    this.sides.hidden = size.value !== '';
    this.background.hidden = background.value !== 'colour';
    const known = colours(palette.value).filter((colour) => CSS.supports('color', colour));
    this.chips.replaceChildren(
      ...known.map((colour) => {
        const chip = el('li');
        chip.style.background = colour;
        return chip;
      }),
    );
  }
}
