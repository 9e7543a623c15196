// The page's call to the server: as a screen loads, when an input changes, from time to time, and when the session changed
// (spec/area1 §12). Its answer holds commands for the page (§13).

import { isBusy, refresh, send } from './ask.js';
import { newOperation } from './encoding.js';
import { flash, say, sayOffline, unsay } from './feedback.js';
import { form, formValues, setChoices, setField, variableOf } from './fields.js';
import { announce, current, onScreen } from './page.js';

const FIRST_MS = 100;
const NET_MS = 60_000;
const ACKNOWLEDGE_MS = 400;
const LEAST_SHOWN_MS = 1000;

let timer = null;
let reloadTimer = null;
let waiting = null;
let isOverdue = false;
let isWatched = false;
let isOpen = true;
let isFirstDue = false;
const acknowledgements = new Set();

onScreen(() => {
  isOpen = true;
  const { page } = current;
  clearTimeout(reloadTimer);
  if (page.reload_after > 0) reloadTimer = setTimeout(refreshWhenQuiet, page.reload_after);
  if (page.do_action && form()) {
    $(form()).on('change', 'input, select, textarea', (event) => checkIn({ changed: variableOf(event.target), counts: true }));
  }
  clearTimeout(timer);
  isFirstDue = page.check_in_seconds > 0;
  if (isFirstDue) timer = setTimeout(() => checkIn({ initial: true }), FIRST_MS);
});

/** The form is being sent: nothing is asked until the next screen. */
export function stopCheckIns() {
  isOpen = false;
  clearTimeout(timer);
  clearTimeout(reloadTimer);
}

/** Whether changes are pushed to us; then a screen without check-in code need not ask so often. */
export function setWatched(is) {
  if (isWatched === is) return;
  isWatched = is;
  if (isOpen && !isFirstDue) schedule();
}

function schedule() {
  clearTimeout(timer);
  const { page } = current;
  if (!isOpen || !(page.check_in_seconds > 0)) return;
  const interval = page.check_in_seconds * 1000;
  timer = setTimeout(() => checkIn({}), isWatched && !page.do_action ? Math.max(interval, NET_MS) : interval);
}

/** `changed`: variable of the input that changed; `initial`: the screen has just been loaded; `told`: the server said so. */
export function checkIn({ initial = false, changed, told = false, counts = false }) {
  if (!isOpen || !(current.page.check_in_seconds > 0)) return;
  if (waiting && changed === undefined && !initial) {
    isOverdue ||= told; // the answer under way may have been made before what we were told of
    schedule();
    return;
  }
  const isInitial = isFirstDue;
  isFirstDue = false;
  const { page, checkInCode } = current;
  const executed = [...acknowledgements];
  const body = new URLSearchParams({
    action: 'checkin',
    csrf_token: page.csrf_token,
    ajax: '1',
    checkinCode: checkInCode,
    _session: page.session,
    _operation: newOperation(),
    acknowledged: executed.join(','),
    chatstatus: 'off',
    chatmode: 'help',
  });
  if (page.do_action) {
    body.set('do_action', page.do_action);
    body.set('parameters', JSON.stringify({ ...formValues(), _initial: isInitial, _changed: changed ?? null }));
  }
  const request = send(body, counts, page.check_in_url);
  waiting = request;
  request.then(
    (answer) => {
      sayOffline(false);
      unsay('check-in');
      for (const number of executed) acknowledgements.delete(number);
      if (checkInCode === current.checkInCode) carryOut(answer);
    },
    (failed) => complain(failed),
  ).always(() => {
    if (waiting !== request) return;
    waiting = null;
    if (isOverdue) {
      isOverdue = false;
      checkIn({});
    }
  });
  schedule();
}

function complain(failed) {
  const reason = failed.responseJSON?.error?.reason;
  if (failed.status === 0 || failed.status >= 502) sayOffline(true);
  else if (failed.status === 403) say('check-in', failed.responseJSON?.error?.message ?? 'This page is out of date. Reload it.');
  else console.log('check in failed:', failed.status, reason ?? '');
}

function carryOut(answer) {
  if (!answer.success) return;
  if (answer.action === 'reload') {
    window.location.reload();
    return;
  }
  for (const command of answer.commands) {
    if (command.notice !== undefined) {
      const isNew = note(command.notice);
      acknowledgements.add(command.notice);
      if (!isNew) continue;
    }
    try {
      execute(command);
    } catch (error) {
      console.error('A command of the interview failed:', command.extra, error);
    }
  }
  if (acknowledgements.size > 0 && isOpen) {
    clearTimeout(timer);
    timer = setTimeout(() => checkIn({}), ACKNOWLEDGE_MS);
  }
}

/** Remember which notices were executed, also over a reload; false when this one was already. */
function note(number) {
  const key = `colloquy notices ${current.page.session}`;
  const done = JSON.parse(sessionStorage.getItem(key) ?? '[]');
  if (done.includes(number)) return false;
  sessionStorage.setItem(key, JSON.stringify([...done, number].slice(-200)));
  return true;
}

/** One command (spec/area1 §13.2). */
function execute({ action, value, extra }) {
  switch (extra) {
    case 'flash':
      if (value !== null) flash(value, 'info', false);
      break;
    case 'refresh':
      refreshWhenQuiet();
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
  const isDescription = wanted !== null && typeof wanted === 'object' && !Array.isArray(wanted);
  if (!isDescription) {
    setField(name, wanted);
    return;
  }
  if (wanted.choices !== undefined) setChoices(name, wanted.choices);
  if (wanted.value !== undefined) setField(name, wanted.value);
}

function fillTargets(value) {
  for (const one of Array.isArray(value) ? value : [value]) {
    if (!one || typeof one !== 'object' || one.target === undefined) continue;
    const name = String(one.target).replace(/[^A-Za-z0-9_]/g, '');
    for (const place of document.getElementsByClassName(`datarget${name}`)) $(place).html(one.content ?? '');
  }
}

/** Show the screen anew as soon as nothing else is under way. */
function refreshWhenQuiet() {
  if (isBusy()) reloadTimer = setTimeout(refreshWhenQuiet, 200);
  else if (isOpen) refresh();
}

/**
 * The server says that the session changed. Our own doing needs no look, but a task that ended does. A screen that
 * reloads by itself and has nothing typed into it need not wait for its timer: neither for a task nor for somebody else.
 */
export function onChange({ ended_tasks: ended, cause, notices }, isEcho) {
  const { page, shownAt } = current;
  const isReloading = page.reload_after > 0 && !page.has_inputs;
  const isWaited = ended.some((task) => page.waits_for_tasks.includes(task));
  const isForeign = !isEcho && !['check_in', 'shown'].includes(cause);
  if (isReloading && (isWaited || isForeign) && isOpen) {
    clearTimeout(reloadTimer);
    reloadTimer = setTimeout(refreshWhenQuiet, Math.max(0, LEAST_SHOWN_MS - (performance.now() - shownAt)));
    return;
  }
  if (notices || (!isEcho && cause !== 'check_in')) checkIn({ told: true });
}
