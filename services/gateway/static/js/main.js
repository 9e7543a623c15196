// Everything a page of an interview does in the browser begins here.

import './choices.js';
import './conditions.js';
import './links.js';
import './icons.js';
import './checkin.js';
import { refresh } from './ask.js';
import { offerFunctions } from './author.js';
import { keepHistory } from './form.js';
import { listen } from './links.js';
import { begin, current, target } from './page.js';
import { watch, watchAgain } from './push.js';
import { withWidgets } from './widgets.js';

offerFunctions();

document.addEventListener('DOMContentLoaded', () => withWidgets(target().innerHTML, start));

function start() {
  listen();
  begin();
  stayInSession();
  keepHistory();
  watch();
  $(document).on('daPageLoad', () => {
    rememberSession();
    watch();
  });
  window.addEventListener('online', watchAgain);
  document.addEventListener('visibilitychange', () => document.hidden || watchAgain());
  window.addEventListener('pagehide', () => navigator.sendBeacon?.('/checkout'));
}

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
