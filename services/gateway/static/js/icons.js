// Icons that interviews use: Font Awesome, by whose names they know them, and those of Bootstrap that our own pages lack.
// Their style sheets are fetched when the first of them is on a screen.

import { onScreen } from './page.js';

const AWESOME = new URL('../vendor/fontawesome/css/all.min.css', import.meta.url).href;
const BOOTSTRAP = new URL('../vendor/bootstrap-icons/bootstrap-icons.min.css', import.meta.url).href;
const asked = new Set();

onScreen((root) => {
  if (root.querySelector('i[class*="fa-"], span[class*="fa-"]')) bring(AWESOME);
  if (!asked.has(BOOTSTRAP) && [...root.querySelectorAll('.bi[class*="bi-"]')].some(isMissing)) bring(BOOTSTRAP);
});

function isMissing(icon) {
  return !getComputedStyle(icon).getPropertyValue('--da-icon');
}

function bring(sheet) {
  if (asked.has(sheet)) return;
  asked.add(sheet);
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = sheet;
  document.head.append(link);
}
