// Everything a page of an interview does in the browser begins here.

import './combobox.js';
import './choices.js';
import './conditions.js';
import './collect.js';
import './signature.js';
import './uploads.js';
import './links.js';
import './icons.js';
import './checkin.js';
import { refresh } from './ask.js';
import { offerFunctions } from './author.js';
import { keepHistory } from './form.js';
import { listen } from './links.js';
import { begin, current } from './page.js';
import { watch } from './push.js';

offerFunctions();

document.addEventListener('DOMContentLoaded', () => {
  listen();
  begin();
  stayInSession();
  keepHistory();
  watch();
  $(document).on('daPageLoad', () => {
    rememberSession();
    watch();
  });
  window.addEventListener('pagehide', () => navigator.sendBeacon?.('/checkout'));
});

function key() {
  return `colloquy session ${current.page.interview}`;
}

function rememberSession() {
  sessionStorage.setItem(key(), current.page.session);
}

/** Reloading a tab shows the session of this tab, also when another tab has entered a newer one since. */
function stayInSession() {
  const [navigation] = performance.getEntriesByType('navigation');
  const own = sessionStorage.getItem(key());
  if (navigation?.type === 'reload' && own && own !== current.page.session) {
    current.page.session = own;
    refresh();
  } else {
    rememberSession();
  }
}
