// Files for the form: chosen, dropped or pasted anywhere, and looked at before anything is sent.

import { $, $$, bytes } from './ui.js';

const PICTURES = ['image/png', 'image/jpeg', 'image/webp'];

const isSvg = (file) => file.type === 'image/svg+xml' || /\.svg$/i.test(file.name);
const isPicture = (file) => PICTURES.includes(file.type);

/** What is wrong with a file for a field, or null. */
export function fault(name, file, limits) {
  const fits = name === 'template' ? isSvg(file) : isPicture(file);
  if (!fits) {
    const wanted = name === 'template' ? 'an SVG' : 'a PNG, JPEG or WebP picture';
    return `${file.name} is not ${wanted}: choose another file.`;
  }
  if (!file.size) return `${file.name} is empty: choose another file.`;
  if (file.size > limits.upload_bytes) {
    return `${file.name} has ${bytes(file.size)}, more than the ${bytes(limits.upload_bytes)} that are accepted.`;
  }
  return null;
}

export class Files {
  /** `form` is asked for its mode and limits, and told of files and of faults. */
  constructor(form) {
    this.form = form;
    this.previews = new Map();
    for (const drop of $$('[data-drop]')) {
      const input = $('input', drop);
      input.addEventListener('change', () => this.#take(drop, input.files[0]));
    }
    window.addEventListener('dragover', (event) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      // A file that misses the field must not replace the page.
      event.preventDefault();
      document.body.toggleAttribute('data-dragging', true);
    });
    window.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) document.body.removeAttribute('data-dragging');
    });
    window.addEventListener('drop', (event) => {
      document.body.removeAttribute('data-dragging');
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.#place([...event.dataTransfer.files], event.target.closest?.('[data-drop]'));
    });
    window.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.#place(files, null);
    });
  }

  /** Puts files where they belong: into the field that they were dropped on, else by their kind. */
  #place(files, drop) {
    if (drop) {
      this.#put(drop, files[0]);
      return;
    }
    for (const file of files.slice(0, 2)) {
      if (isSvg(file)) {
        this.form.select('refine');
        this.#put(field('template'), file);
      } else {
        if (this.form.mode !== 'refine') this.form.select('picture');
        this.#put(field(this.form.mode === 'refine' ? 'target' : 'image'), file);
      }
    }
  }

  #put(drop, file) {
    const one = new DataTransfer();
    one.items.add(file);
    const input = $('input', drop);
    input.files = one.files;
    this.#take(drop, file);
  }

  #take(drop, file) {
    const input = $('input', drop);
    const wrong = file && fault(input.name, file, this.form.limits);
    if (wrong) input.value = '';
    this.#show(drop, wrong ? null : file);
    this.form.filesChanged(input, wrong);
  }

  #show(drop, file) {
    URL.revokeObjectURL(this.previews.get(drop));
    this.previews.delete(drop);
    $('.drop-empty', drop).hidden = Boolean(file);
    $('.drop-full', drop).hidden = !file;
    if (!file) return;
    const address = URL.createObjectURL(file);
    this.previews.set(drop, address);
    const image = $('img', drop);
    image.hidden = false;
    image.onerror = () => (image.hidden = true);
    image.src = address;
    $('.drop-name', drop).textContent = file.name;
  }
}

const field = (name) => $(`[data-drop] input[name=${name}]`).closest('[data-drop]');
