// Light, dark, or as the system has it. Loaded before the page is drawn, so that it does not flash.

const KEY = 'chat2svg-theme';
const ORDER = ['auto', 'light', 'dark'];
const NAMES = { auto: 'as your system', light: 'light', dark: 'dark' };

function stored() {
  try {
    const theme = localStorage.getItem(KEY);
    return ORDER.includes(theme) ? theme : 'auto';
  } catch {
    return 'auto';
  }
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll('[data-theme-toggle]')) {
    button.setAttribute('aria-label', `Colours: ${NAMES[theme]}. Change`);
    button.title = `Colours: ${NAMES[theme]}`;
  }
}

let theme = stored();
apply(theme);

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-theme-toggle]')) return;
  theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  apply(theme);
});
