// The picture on the easel: an SVG shown as an image from memory, in which nothing can run or load.

import { $ } from './ui.js';

export class Picture {
  constructor() {
    this.image = $('#picture');
    this.svg = null;
    this.zoom = null;
  }

  /** Shows an SVG; resolves when it is seen. */
  show(svg, name) {
    this.svg = svg;
    const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    const next = new Image();
    return new Promise((resolve) => {
      next.onload = () => {
        // One that was given later is there already.
        if (this.svg !== svg) URL.revokeObjectURL(address);
        else this.#put(next, address, name);
        resolve();
      };
      next.onerror = () => {
        URL.revokeObjectURL(address);
        resolve();
      };
      next.src = address;
    });
  }

  clear() {
    this.svg = null;
    this.zoom?.fit();
    $('#frame').hidden = true;
    $('#zoom').hidden = true;
    $('#compare')?.remove();
    $('.before', $('#viewport'))?.remove();
  }

  #put(next, address, name) {
    this.image.src = address;
    this.image.alt = name ? `Picture: ${name}` : 'The picture';
    URL.revokeObjectURL(this.address);
    this.address = address;
    const { naturalWidth: width, naturalHeight: height } = next;
    $('#frame').style.setProperty('--ratio', width / height || 1);
    $('#dimensions').textContent = `${width} × ${height}`;
    $('#frame').hidden = false;
    $('#wait').hidden = true;
  }
}
