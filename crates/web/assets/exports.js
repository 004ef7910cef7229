// What leaves the page: files and the clipboard. Loaded when it is used.

import { el } from './ui.js';

/** Has the browser save a text or a blob as a file. */
export function save(content, type, name) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  el('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Puts a text on the clipboard, also where the page came over plain HTTP. */
export async function copyText(text) {
  if (navigator.clipboard && isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed: the older way may be.
    }
  }
  const before = document.activeElement;
  const field = el('textarea', { class: 'visually-hidden', value: text, readOnly: true, 'aria-hidden': 'true' });
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  before?.focus?.({ preventScroll: true });
  return isCopied;
}

/** Puts a picture on the clipboard; browsers allow that on secure pages only. */
export async function copyPng(svg, width) {
  if (!navigator.clipboard?.write || !globalThis.ClipboardItem) return false;
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': rasterise(svg, width) })]);
    return true;
  } catch {
    return false;
  }
}

/** An SVG as a PNG, drawn by the browser as it is shown. */
export async function rasterise(svg, width) {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = el('canvas', { width, height: Math.max(1, Math.round((width * image.naturalHeight) / image.naturalWidth)) });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser could not make the PNG.'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** An address that holds the whole SVG, for `src` and `url("…")`. */
export function dataUri(svg) {
  const text = svg.replace(/>\s+</g, '><').replace(/"/g, "'").replace(/\s+/g, ' ').trim();
  return `data:image/svg+xml,${text.replace(/[%#<>{}|\\^`]/g, encodeURIComponent).replace(/[^\x20-\x7e]/gu, encodeURIComponent)}`;
}
