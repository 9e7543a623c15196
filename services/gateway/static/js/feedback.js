// What the page says besides its screen: flashed messages, a spinner, a line when the connection is gone.

import { phrase } from './wording.js';

let spinnerTimer = null;
let offline = null;

/** `flash(message, priority, clear)` of spec/area1 §16.4. The message is HTML. */
export function flash(message, priority, clear = false) {
  const area = flashArea();
  if (clear) area.replaceChildren();
  if (message === null || message === undefined) return null;
  const alert = document.createElement('div');
  alert.className = `da-alert alert alert-${priority || 'info'} alert-dismissible fade show`;
  alert.setAttribute('role', 'alert');
  alert.innerHTML = String(message);
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'btn-close';
  close.dataset.bsDismiss = 'alert';
  close.setAttribute('aria-label', 'Close');
  alert.append(close);
  area.append(alert);
  if (priority === 'success') setTimeout(() => alert.remove(), 3000);
  return alert;
}

/** A message of ours, as plain text; one with the same name replaces the earlier one. */
export function say(name, text, priority = 'warning') {
  unsay(name);
  const words = document.createElement('span');
  words.textContent = text;
  const alert = flash(words.outerHTML, priority);
  alert.dataset.name = name;
}

export function unsay(name) {
  document.querySelector(`#daflash [data-name="${name}"]`)?.remove();
}

function flashArea() {
  let area = document.getElementById('daflash');
  if (!area) {
    area = document.createElement('div');
    area.id = 'daflash';
    area.className = 'da-flash container';
    document.getElementById('dabody').prepend(area);
  }
  return area;
}

export function showSpinner() {
  document.getElementById('daSpinner').hidden = false;
}

export function hideSpinner() {
  clearTimeout(spinnerTimer);
  spinnerTimer = null;
  document.getElementById('daSpinner').hidden = true;
}

export function showSpinnerSoon() {
  spinnerTimer ??= setTimeout(showSpinner, 1000);
}

export function sayOffline(isOffline) {
  if (!isOffline) {
    offline?.remove();
    offline = null;
  } else if (!offline) {
    offline = document.createElement('div');
    offline.className = 'da-offline';
    offline.setAttribute('role', 'status');
    offline.textContent = phrase('The server cannot be reached at the moment. What you type stays here.');
    document.body.append(offline);
  }
}
