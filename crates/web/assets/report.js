// How a picture was made, and what could not be done. Loaded with the first result.

import { $, bytes, el, many, seconds, servedLevel, STAGE_NAMES } from './ui.js';

const TIERS = { full: 'Complete', enhanced: 'Composed and detailed', template: 'Composed only', fallback: 'Emergency composition' };
const ENDS = { completed: '', 'cut-short': 'cut short', skipped: 'skipped', failed: 'failed' };

/** Tells of a job's result; `found` is how many layers and shapes its SVG has. */
export function report(job, svg, found) {
  const metadata = job.metadata;
  const notes = [];
  const undrawn = [];
  if (metadata?.undrawn.length) {
    undrawn.push(note('Not drawn as asked', metadata.undrawn.join(', ')));
  }
  if (metadata?.warnings?.length) {
    undrawn.push(note('Left out of your file', metadata.warnings.join('; ')));
  }
  // What a stage that ran could not do is said over the picture.
  const unmet = (metadata?.stages ?? []).filter((stage) => stage.reason && stage.status === 'completed' && !stage.from_checkpoint);
  $('#unmet').textContent = unmet.map((stage) => sentence(stage.reason)).join(' ');
  $('#unmet').hidden = !unmet.length;
  for (const stage of metadata?.stages ?? []) {
    if (stage.reason && stage.status !== 'completed') {
      notes.push(note(`${STAGE_NAMES[stage.stage]} ${ENDS[stage.status]}`, stage.reason));
    }
  }
  if (job.state === 'degraded' && !notes.length && !unmet.length) {
    notes.push(note('Less than asked', metadata?.fallback_reason ?? TIERS[metadata?.tier]));
  }
  if (metadata?.lowered_because && job.state === 'succeeded') {
    notes.push(note(`Drawn at level ${servedLevel(job)}`, metadata.lowered_because));
  }
  $('#notes').replaceChildren(...undrawn, ...notes);

  const facts = [];
  const fact = (name, value) => value && facts.push(el('dt', { textContent: name }), el('dd', { textContent: value }));
  fact('Result', metadata && TIERS[metadata.tier]);
  fact('Effort', servedLevel(job));
  fact('Time', metadata && seconds(metadata.total_seconds));
  fact('First picture after', metadata?.first_document_seconds && seconds(metadata.first_document_seconds));
  for (const stage of metadata?.stages ?? []) {
    const time = metadata.stage_durations[stage.stage];
    const words = [stage.backend ?? (stage.from_checkpoint ? 'kept' : ''), ENDS[stage.status], time === undefined ? '' : seconds(time)];
    if (stage.model) {
      const { model, input_tokens: sent, output_tokens: received, cost } = stage.model;
      words.push(model, `${(sent + received).toLocaleString()} tokens`, cost > 0 ? `cost ${cost.toPrecision(2)}` : '');
    }
    fact(STAGE_NAMES[stage.stage], words.filter(Boolean).join(' · '));
  }
  if (metadata?.fit) {
    const { psnr_before: before, psnr_after: after, iterations } = metadata.fit;
    // At 99 dB there is no difference left to see.
    fact('Fit', before < 99 ? `${before.toFixed(1)} → ${after.toFixed(1)} dB, ${iterations} steps` : 'exact from the start');
  }
  fact('Size', `${bytes(new Blob([svg]).size)}, ${many(found.shapes, 'shape')}, ${many(found.layers, 'layer')}`);
  fact('Seed', String(job.request.seed));
  $('#facts').replaceChildren(...facts);

  const credits = metadata?.credits ?? [];
  $('#credits').replaceChildren();
  if (credits.length) {
    $('#credits').append(
      el(
        'details',
        { class: 'credits' },
        el('summary', { textContent: `Art by others (${credits.length}): keep the credit` }),
        el(
          'ul',
          {},
          credits.map((credit) =>
            el('li', { textContent: `${credit.title}, ${credit.author}, ${credit.license}, ${credit.source}` }),
          ),
        ),
      ),
    );
  }
  $('#report').hidden = false;
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function note(title, text) {
  return el('p', { class: 'note', dir: 'auto' }, el('strong', { textContent: title }), text ? `: ${text}` : '');
}
