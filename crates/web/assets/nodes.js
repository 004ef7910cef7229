// The nodes of a cluster, below the strip's own: what each does, how busy it is, what rests there.

import { $, el } from './ui.js';

/** Shows them; `meter` makes an entry of the strip. */
export function showNodes(nodes, meter) {
  let place = $('#nodes');
  if (!place) {
    place = el('div', { class: 'meters', id: 'nodes', role: 'group', 'aria-label': 'Nodes of the cluster', style: 'margin-top: 10px' });
    $('#meters').after(place);
  }
  place.replaceChildren(
    ...nodes.map((node) => {
      if (node.role === 'front') return meter(node.node, 'answers requests');
      const open = node.circuits.filter((circuit) => circuit.state !== 'closed');
      const resting = open.map((circuit) => `${circuit.stage} (${circuit.backend})`).join(', ');
      const jobs = `${node.jobs} of ${node.room} jobs`;
      return meter(node.node, resting ? `${jobs}, ${resting} resting` : jobs, node.room ? node.jobs / node.room : 0);
    }),
  );
}
