// Font Awesome, by whose names interviews know icons: its style sheet is fetched when the first of them is on a screen.

import { onScreen } from './page.js';

const SHEET = new URL('../vendor/fontawesome/css/all.min.css', import.meta.url);
let isAsked = false;

onScreen((root) => {
  if (isAsked || !root.querySelector('i[class*="fa-"], span[class*="fa-"]')) return;
  isAsked = true;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = SHEET;
  document.head.append(link);
});
