// An SVG as a React component. Loaded with the code view.

const SVG = 'http' + '://www.w3.org/2000/svg';
const XLINK = 'http' + '://www.w3.org/1999/xlink';

/** The component; what JSX has no words for (metadata, editors' attributes) is left out. */
export function jsx(svg) {
  const tree = new DOMParser().parseFromString(svg, 'image/svg+xml');
  const credits = [...tree.querySelectorAll('metadata *')]
    .filter((node) => ['creator', 'rights'].includes(node.localName) && !node.children.length)
    .map((node) => node.textContent.trim());
  const credit = credits.length ? `// Art: ${[...new Set(credits)].join(', ').replace(/\s+/g, ' ')}\n` : '';
  return `${credit}export default function Picture(props) {\n  return (\n${element(tree.documentElement, 2, true)}  );\n}\n`;
}

function element(node, depth, isRoot = false) {
  const pad = '  '.repeat(depth);
  const attributes = [...node.attributes].map(attribute).filter(Boolean);
  if (isRoot) attributes.push('{...props}');
  const open = [node.localName, ...attributes].join(' ');
  const parts = [...node.childNodes]
    .filter((child) => (child.nodeType === 1 ? child.namespaceURI === SVG && child.localName !== 'metadata' : child.nodeType === 3 && child.data.trim()))
    .map((child) => (child.nodeType === 1 ? element(child, depth + 1) : `${pad}  {${JSON.stringify(child.data)}}\n`));
  return parts.length ? `${pad}<${open}>\n${parts.join('')}${pad}</${node.localName}>\n` : `${pad}<${open} />\n`;
}

function attribute({ name, localName, namespaceURI, value }) {
  if (name === 'xmlns') return `xmlns=${JSON.stringify(value)}`;
  if (name === 'style') return `style={${JSON.stringify(styles(value))}}`;
  if (namespaceURI === XLINK) return `xlink${capital(localName)}=${text(value)}`;
  // `xmlns:…`, `inkscape:…` and the like.
  if (namespaceURI) return null;
  return `${/^(data|aria)-/.test(name) ? name : name === 'class' ? 'className' : camel(name)}=${text(value)}`;
}

// In braces, so that quotes and line ends of a value mean nothing.
const text = (value) => (/["\\\n{}]/.test(value) ? `{${JSON.stringify(value)}}` : `"${value.replace(/&/g, '&amp;')}"`);
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const camel = (name) => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());

function styles(value) {
  const pairs = value.split(';').map((part) => part.split(/:(.*)/s)).filter(([name, rest]) => name.trim() && rest);
  return Object.fromEntries(pairs.map(([name, rest]) => [name.trim().startsWith('--') ? name.trim() : camel(name.trim()), rest.trim()]));
}
