// Variants: the same words with other seeds, side by side. Loaded when they are asked for.

import * as api from './api.js';
import { $, STATE_NAMES, announce, el, hasResult, isFinal, toast } from './ui.js';

const KEY = 'chat2svg-variants';
/** How many are drawn beside the picture at hand. */
const MORE = 3;
const TRIES = 5;
const PAUSE = 700;

/** What a job from words was asked, as a new request says it. */
function fieldsOf(request) {
  const { prompt, style, background, negative, palette, strict_palette } = request;
  const { width, height, deadline_ms, level, candidates } = request;
  const { picture_kind: kind, paths: max_paths, bytes: max_bytes } = request;
  return {
    prompt, style, background, negative, palette, strict_palette,
    width, height, deadline_ms, level, candidates, kind, max_paths, max_bytes,
  };
}

/** The group that a job is of, when it was drawn in this tab. */
export function groupOf(id) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    return kept.find((group) => group.includes(id));
  } catch {
    return undefined;
  }
}

function keep(group) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    sessionStorage.setItem(KEY, JSON.stringify([group, ...kept.filter(([first]) => first !== group[0])].slice(0, 20)));
  } catch {
    // Without storage the group lasts as long as it is shown.
  }
}

export class Variants {
  /** `onOpen(job)` hears which one is wanted large. */
  constructor(section, onOpen) {
    this.section = section;
    this.onOpen = onOpen;
    this.group = [];
    this.tiles = new Map();
  }

  /** Draws more of a job's kind beside it. */
  async draw(job) {
    const group = [...(this.group.includes(job.id) ? this.group : [job.id])];
    announce(`Drawing ${MORE} variants`);
    for (let count = 0; count < MORE; count += 1) {
      const seed = Math.floor(Math.random() * 1e6);
      const fields = { ...fieldsOf(job.request), seed };
      try {
        group.push((await this.#submit(fields)).id);
      } catch (problem) {
        toast(problem.message);
        break;
      }
      keep(group);
      this.show(job, group);
    }
  }

  /** Shows the group of a job, or nothing when it has none. */
  show(job, group = groupOf(job.id)) {
    this.section.hidden = !group;
    if (!group) {
      this.group = [];
      this.tiles.clear();
      return;
    }
    if (group[0] !== this.group[0]) this.tiles.clear();
    this.group = group;
    for (const id of group) if (!this.tiles.has(id)) this.tiles.set(id, this.#tile(id));
    const tiles = group.map((id) => this.tiles.get(id));
    if (tiles.length !== this.section.children.length || tiles.some((tile) => !tile.isConnected)) this.section.replaceChildren(...tiles);
    for (const id of group) this.tiles.get(id).setAttribute('aria-pressed', String(id === job.id));
  }

  /** Sends a request again for as long as the service is only busy. */
  async #submit(fields) {
    const key = api.requestKey();
    let tries = 0;
    return api.persistently(() => api.submit('words', fields, key), () => (tries += 1) < TRIES);
  }

  #tile(id) {
    const image = el('img', { alt: '', hidden: true });
    const text = el('span', { class: 'variant-text', textContent: '…' });
    const tile = el('button', { type: 'button', class: 'variant' }, el('span', { class: 'card-picture' }, image), text);
    let job = null;
    tile.addEventListener('click', () => job && this.onOpen(job));
    const look = async () => {
      try {
        job = await api.persistently(() => api.job(id), () => this.tiles.has(id));
      } catch (problem) {
        text.textContent = problem.title || 'Gone';
        return;
      }
      const name = isFinal(job.state) && hasResult(job.state) ? `seed ${job.request.seed}` : STATE_NAMES[job.state];
      text.textContent = name;
      if (hasResult(job.state)) {
        image.src = await api.address(job.links.svg);
        image.hidden = false;
      } else if (!isFinal(job.state) && this.tiles.has(id)) {
        await api.rest(PAUSE);
        await look();
      }
    };
    look();
    return tile;
  }
}
