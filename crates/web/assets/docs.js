// Renders the OpenAPI document as a page.

import { $, el } from './ui.js';

const REFERENCE = '#/components/schemas/';

function typeOf(schema = {}) {
  if (schema.$ref) {
    const name = schema.$ref.slice(REFERENCE.length);
    return [el('a', { href: `#schema-${name}`, textContent: name })];
  }
  const alternatives = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (alternatives) {
    return alternatives
      .filter((one) => one.type !== 'null')
      .flatMap((one, index) => (index ? [' or ', ...typeOf(one)] : typeOf(one)));
  }
  if (schema.enum) return [schema.enum.filter((value) => value !== null).join(', ')];
  const types = [schema.type].flat().filter((type) => type && type !== 'null');
  if (types[0] === 'array') return ['list of ', ...typeOf(schema.items)];
  const range =
    schema.minimum !== undefined && schema.maximum !== undefined
      ? ` ${schema.minimum} to ${schema.maximum}`
      : schema.minimum > 0
        ? ` from ${schema.minimum}`
        : '';
  const format = ['uuid', 'date-time', 'binary'].includes(schema.format) ? ` (${schema.format})` : '';
  return [`${types.join(' or ') || 'anything'}${format}${range}`];
}

/** Text in which what stands in backticks is code. */
const prose = (text) =>
  (text ?? '').split('`').map((part, index) => (index % 2 ? el('code', { textContent: part }) : part));

function table(rows) {
  return el('div', { class: 'scroll' }, el('table', {}, el('tbody', {}, rows)));
}

function row(name, schema, description, required, id) {
  return el(
    'tr',
    { id },
    el('th', { scope: 'row' }, name, required ? el('span', { class: 'required', textContent: 'required' }) : null),
    el('td', { class: 'type' }, typeOf(schema)),
    el('td', {}, prose(description ?? schema?.description)),
  );
}

function properties(schema, required = []) {
  return Object.entries(schema.properties ?? {}).map(([name, property]) =>
    row(name, property, property.description, required.includes(name)),
  );
}

function example(method, path, operation, schemas) {
  const address = `${location.origin}${path.replace('{id}', 'JOB')}`;
  const [type, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (type === 'application/json') {
    const schema = schemas[body.schema.$ref.slice(REFERENCE.length)];
    const prompt = schema.properties.prompt.example;
    return `curl ${address} \\\n  -H 'Content-Type: application/json' -H 'Accept: image/svg+xml' \\\n  -d '${JSON.stringify({ prompt })}' -o picture.svg`;
  }
  if (type) {
    const schema = schemas[body.schema.$ref.slice(REFERENCE.length)];
    const files = schema.required.map((name) => `-F ${name}=@${name === 'template' ? 'drawing.svg' : 'picture.png'}`);
    return `curl ${address} ${files.join(' ')} \\\n  -H 'Accept: image/svg+xml' -o picture.svg`;
  }
  const follow = path.endsWith('/events') ? ' -N' : '';
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`;
  return `curl${follow}${verb} ${address}`;
}

function operation(method, path, spec, schemas) {
  const parameters = spec.parameters ?? [];
  const [type, body] = Object.entries(spec.requestBody?.content ?? {})[0] ?? [];
  const bodySchema = body && schemas[body.schema.$ref.slice(REFERENCE.length)];
  const [title, ...rest] = [spec.summary, ...(spec.description ?? '').split('\n\n')].filter(Boolean);
  return el(
    'section',
    { class: 'operation', id: spec.operationId },
    el('h3', {}, el('span', { class: `method ${method}`, textContent: method.toUpperCase() }), path),
    el('p', { class: 'operation-title', textContent: title }),
    rest.map((text) => el('p', {}, prose(text))),
    parameters.length
      ? [el('h4', { textContent: 'Parameters' }), table(parameters.map((one) => row(one.name, one.schema, one.description, one.required && one.in !== 'path')))]
      : null,
    bodySchema ? [el('h4', { textContent: `Body: ${type}` }), table(properties(bodySchema, bodySchema.required))] : null,
    el('h4', { textContent: 'Answers' }),
    table(
      Object.entries(spec.responses).map(([status, response]) => {
        const contents = Object.entries(response.content ?? {});
        const schema = contents.find(([kind]) => kind.endsWith('json'))?.[1]?.schema;
        return el(
          'tr',
          {},
          el('th', { scope: 'row', textContent: status }),
          el('td', { textContent: response.description }),
          el('td', { class: 'type' }, contents.map(([kind]) => kind).join(', '), schema?.$ref ? [': ', ...typeOf(schema)] : null),
        );
      }),
    ),
    el('h4', { textContent: 'Example' }),
    el('pre', { tabIndex: 0, textContent: example(method, path, spec, schemas) }),
  );
}

function schemaSection(name, schema) {
  const rows = properties(schema);
  return el(
    'section',
    { class: 'operation schema', id: `schema-${name}` },
    el('h3', { textContent: name }),
    schema.description ? el('p', {}, prose(schema.description)) : null,
    rows.length ? table(rows) : el('p', {}, typeOf(schema)),
  );
}

function render(api) {
  $('#summary').replaceChildren(...prose(api.info.description));
  const schemas = api.components.schemas;
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, spec]) => ({ path, method, spec })),
  );
  const body = $('#body');
  const contents = $('#contents');
  for (const tag of api.tags) {
    const operations = all.filter(({ spec }) => spec.tags.includes(tag.name));
    contents.append(
      el('h2', { textContent: tag.name }),
      ...operations.map(({ spec }) => el('a', { href: `#${spec.operationId}`, textContent: spec.summary.replace(/\.$/, '') })),
    );
    body.append(
      el('h2', { textContent: tag.name }),
      el('p', { class: 'lede', textContent: `${tag.description}.` }),
      ...operations.map(({ method, path, spec }) => operation(method, path, spec, schemas)),
    );
  }
  contents.append(
    el('h2', { textContent: 'Reference' }),
    el('a', { href: '#problems', textContent: 'Problems' }),
    el('a', { href: '#schemas', textContent: 'Schemas' }),
  );
  body.append(
    el('h2', { id: 'problems', textContent: 'Problems' }),
    el('p', { class: 'lede', textContent: 'Errors are application/problem+json; tell them apart by code.' }),
    el(
      'div',
      { class: 'operation' },
      table(
        api['x-problems'].map(({ code, status, title }) =>
          el(
            'tr',
            { id: `problem-${code}` },
            el('th', { scope: 'row', textContent: code }),
            el('td', { class: 'type', textContent: String(status) }),
            el('td', { textContent: title }),
          ),
        ),
      ),
    ),
    el('h2', { id: 'schemas', textContent: 'Schemas' }),
    ...Object.entries(schemas).map(([name, schema]) => schemaSection(name, schema)),
  );
  // The parts exist only now; go to the one that the address names.
  if (location.hash) location.replace(location.hash);
}

try {
  render(await (await fetch('/openapi.json')).json());
} catch {
  $('#summary').textContent = 'The API document could not be loaded. Reload the page to try again.';
}
