// What check-in code and ended tasks tell the page to do (spec/area1 §13), and showing a screen anew.

import { isSending, onGivenUp, refresh } from './ask.js';
import { flash } from './feedback.js';
import { setChoices, setField } from './fields.js';
import { announce, current, onScreen } from './page.js';

const LEAST_SHOWN_MS = 1000;
const QUIET_MS = 200;
const LOOP_MS = 3000;
const LOOP_REFRESHES = 5;

let timer = null;
let isComposing = false;
const refreshes = [];

onScreen(() => {
  isComposing = false;
  reloadInTime();
});
onGivenUp(reloadInTime);
document.addEventListener('compositionstart', () => { isComposing = true; });
document.addEventListener('compositionend', () => { isComposing = false; });

/** One command; one that fails does not keep the next from being carried out. */
export function carryOut(command) {
  try {
    execute(command);
  } catch (error) {
    console.error('A command of the interview failed:', command.extra, error);
  }
}

function execute({ action, value, extra, notice }) {
  switch (extra) {
    case 'flash':
      if (value !== null) flash(value, 'info', false);
      break;
    case 'refresh':
      refreshOnCommand(notice !== undefined);
      break;
    case 'javascript':
      if (value !== null) $.globalEval(String(value));
      break;
    case 'fields':
      for (const [name, wanted] of Object.entries(value ?? {})) putIntoField(name, wanted);
      break;
    case 'backgroundresponse':
      fillTargets(value);
      announce('daCheckIn', [action ?? null, value]);
      break;
    default:
  }
}

function putIntoField(name, wanted) {
  try {
    const isDescription = wanted !== null && typeof wanted === 'object' && !Array.isArray(wanted);
    if (!isDescription) {
      setField(name, wanted);
      return;
    }
    if (wanted.choices !== undefined) setChoices(name, wanted.choices);
    if (wanted.value !== undefined) setField(name, wanted.value);
  } catch (error) {
    console.error('A field of the screen could not be filled:', name, error); // the other fields are filled all the same
  }
}

function fillTargets(value) {
  for (const one of Array.isArray(value) ? value : [value]) {
    if (!one || typeof one !== 'object' || one.target === undefined) continue;
    const name = String(one.target).replace(/[^A-Za-z0-9_]/g, '');
    for (const place of document.getElementsByClassName(`datarget${name}`)) place.innerHTML = one.content ?? '';
  }
}

/** A task's refresh leaves a new screen readable for a moment; code that refreshes in a circle is slowed down. */
function refreshOnCommand(isNotice) {
  const now = performance.now();
  refreshes.push(now);
  while (refreshes[0] < now - LOOP_MS) refreshes.shift();
  if (refreshes.length > LOOP_REFRESHES) {
    console.warn('The check-in code of this screen refreshes it again and again; it is slowed down.');
    refreshAfter(current.page.check_in_seconds * 1000);
  } else {
    refreshAfter(isNotice ? untilRead() : 0);
  }
}

/** Show the screen anew as soon as it has been readable for a moment, and nothing else is under way. */
export function refreshWhenRead() {
  refreshAfter(untilRead());
}

function untilRead() {
  return Math.max(0, LEAST_SHOWN_MS - (performance.now() - current.shownAt));
}

/** A screen may say that it is to be shown anew from time to time. */
function reloadInTime() {
  clearTimeout(timer);
  if (current.page.reload_after > 0) timer = setTimeout(refreshWhenQuiet, current.page.reload_after);
}

function refreshAfter(milliseconds) {
  clearTimeout(timer);
  if (milliseconds > 0) timer = setTimeout(refreshWhenQuiet, milliseconds);
  else refreshWhenQuiet();
}

function refreshWhenQuiet() {
  if (isSending() || isComposing) timer = setTimeout(refreshWhenQuiet, QUIET_MS);
  else refresh();
}

/** The form is being sent: its answer is a screen. */
export function stopRefreshing() {
  clearTimeout(timer);
}
