// Another colour for a layer: its main colour becomes the wanted one, and the others, gradients
// included, keep their distance to it. Works on the SVG as inert XML.

const PAINTS = ['fill', 'stroke', 'stop-color'];
const names = document.createElement('canvas').getContext('2d');

/** Any colour that SVG knows as `#rrggbb`, else null. */
function hex(text) {
  const value = text?.trim();
  if (!value || /^(none|inherit|currentcolor|url\(|context)/i.test(value)) return null;
  for (const before of ['#000000', '#ffffff']) {
    names.fillStyle = before;
    names.fillStyle = value;
    // What is no colour leaves it as it was, whatever it was.
    if (names.fillStyle !== before && /^#[0-9a-f]{6}$/.test(names.fillStyle)) return names.fillStyle;
  }
  return /^(#0{3}|#0{6}|black)$/i.test(value) ? '#000000' : /^(#f{3}|#f{6}|white)$/i.test(value) ? '#ffffff' : null;
}

function toHsl(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const most = Math.max(r, g, b);
  const least = Math.min(r, g, b);
  const lightness = (most + least) / 2;
  const range = most - least;
  if (!range) return [0, 0, lightness];
  const saturation = range / (1 - Math.abs(2 * lightness - 1));
  const sector = most === r ? ((g - b) / range) % 6 : most === g ? (b - r) / range + 2 : (r - g) / range + 4;
  return [sector * 60, saturation, lightness];
}

function toHex([hue, saturation, lightness]) {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const part = (n) => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    const value = lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255).toString(16).padStart(2, '0');
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

const clamp = (value) => Math.min(1, Math.max(0, value));

function paint(node, name) {
  return node.style?.getPropertyValue(name) || node.getAttribute(name);
}

function setPaint(node, name, value) {
  if (node.style?.getPropertyValue(name)) node.style.setProperty(name, value);
  else node.setAttribute(name, value);
}

/** The gradient that a paint names. */
function gradient(node, value) {
  const id = /^url\(\s*["']?#([^"')]+)/.exec(value ?? '')?.[1];
  const found = id && node.ownerDocument.getElementById(id);
  return found && /Gradient$/.test(found.localName) ? found : null;
}

/** The gradient that has the stops: itself, or one that it refers to. */
function withStops(node) {
  let at = node;
  for (let hops = 0; at && hops < 8; hops += 1) {
    if (at.querySelector('stop')) return at;
    const reference = at.getAttribute('href') ?? at.getAttributeNS('http' + '://www.w3.org/1999/xlink', 'href');
    at = reference?.startsWith('#') ? node.ownerDocument.getElementById(reference.slice(1)) : null;
  }
  return null;
}

const all = (node) => [node, ...node.querySelectorAll('*')];

/** The colour by which a layer is known: the first that its shapes are filled with, else drawn. */
export function mainColour(node) {
  for (const name of ['fill', 'stroke']) {
    for (const part of all(node)) {
      const value = paint(part, name);
      const stops = withStops(gradient(part, value))?.querySelectorAll('stop');
      const stop = stops?.[Math.floor(stops.length / 2)];
      // A gradient that fades out is a shadow or a glow.
      if (stop && Number(paint(stop, 'stop-opacity') ?? 1) < 0.5) continue;
      const colour = stop ? hex(paint(stop, 'stop-color') ?? '#000000') : hex(value);
      if (colour) return colour;
    }
  }
  return null;
}

/** Gives a layer `wanted` for its main colour. */
export function recolour(layer, wanted) {
  const main = mainColour(layer);
  if (!main) {
    layer.setAttribute('fill', wanted);
    return;
  }
  const from = toHsl(main);
  const to = toHsl(wanted);
  const moved = (colour) => {
    if (colour === main) return wanted;
    const [hue, saturation, lightness] = toHsl(colour);
    // Greys beside a colour stay grey.
    const isGrey = saturation < 0.06 && from[1] >= 0.06;
    const ratio = from[1] ? saturation / from[1] : 1;
    return toHex([
      to[0] + (from[1] ? hue - from[0] : 0),
      isGrey ? saturation : clamp(to[1] * ratio),
      clamp(lightness + to[2] - from[2]),
    ]);
  };
  const own = new Map();
  for (const part of all(layer)) {
    for (const name of PAINTS) {
      const value = paint(part, name);
      const shared = gradient(part, value);
      const colour = shared ? null : hex(value);
      if (shared) setPaint(part, name, `url(#${copied(shared, own, moved)})`);
      else if (colour) setPaint(part, name, moved(colour));
    }
  }
}

/** The id of this layer's own copy of a gradient: other layers may use the same one. */
function copied(gradient, own, moved) {
  const known = own.get(gradient);
  if (known) return known;
  const copy = gradient.cloneNode(true);
  const stops = withStops(gradient);
  if (stops && stops !== gradient) copy.append(...[...stops.querySelectorAll('stop')].map((stop) => stop.cloneNode(true)));
  const tree = gradient.ownerDocument;
  let number = 2;
  while (tree.getElementById(`${gradient.id}-c${number}`)) number += 1;
  copy.id = `${gradient.id}-c${number}`;
  for (const stop of copy.querySelectorAll('stop')) {
    const colour = hex(paint(stop, 'stop-color') ?? '#000000');
    if (colour) setPaint(stop, 'stop-color', moved(colour));
  }
  gradient.after(copy);
  own.set(gradient, copy.id);
  return copy.id;
}

/** Removes gradients and clips that nothing refers to any more. */
export function sweep(tree) {
  const text = new XMLSerializer().serializeToString(tree);
  for (const gradient of tree.querySelectorAll('linearGradient[id], radialGradient[id]')) {
    if (text.split(`#${gradient.id}`).every((rest, at) => at === 0 || /^[\w.-]/.test(rest))) gradient.remove();
  }
}
