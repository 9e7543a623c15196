// The page's call to the server: as a screen loads, when an input changes, from time to time, and when the session changed
// (spec/area1 §12). Its answer holds commands for the page (§13, commands.js).
//
// One call that tells of a change is under way at a time; what changes meanwhile is told next, with the form as it is
// then. Other calls may overlap with it: of their answers only what check-in code says is dropped when a later one has
// been carried out; what is told about tasks never is.

import { onGivenUp, send } from './ask.js';
import { carryOut, refreshWhenRead, stopRefreshing } from './commands.js';
import { newOperation } from './encoding.js';
import { say, sayOffline, unsay } from './feedback.js';
import { form, formValues, variableOf } from './fields.js';
import { current, forgetSession, onScreen } from './page.js';
import { showProgress } from './progress.js';
import { phrase } from './wording.js';

const FIRST_MS = 100;
const NET_MS = 300_000;
const ACKNOWLEDGE_MS = 400;
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];
const RELOAD_AGAIN_MS = 10_000;
const REMEMBERED_NOTICES = 200;
const MOST_LETTERS = 300_000;
const MOST_AWAITED = 64;

let timer = null;
let latest = null;
let changing = null;
let isOverdue = false;
let isWatched = false;
let isOpen = true;
let isFirstDue = false;
let isTooLarge = false;
let failures = 0;
let numberOfCalls = 0;
let carriedOut = 0;
const changes = new Set();
const acknowledgements = new Set();

onScreen(() => {
  const { page } = current;
  isOpen = true;
  isTooLarge = false;
  changes.clear();
  changing = null;
  if (page.do_action && form()) $(form()).on('change', 'input, select, textarea', (event) => noteChange(variableOf(event.target)));
  clearTimeout(timer);
  isFirstDue = page.check_in_seconds > 0;
  if (isFirstDue) timer = setTimeout(call, FIRST_MS);
});
onGivenUp(() => {
  isOpen = true;
  schedule();
});

/** The form is being sent: nothing is asked until the next screen, or until sending it is given up. */
export function stopCheckIns() {
  isOpen = false;
  clearTimeout(timer);
  stopRefreshing();
}

/** Whether changes are pushed to us; then a screen without check-in code need not ask so often. */
export function setWatched(is) {
  if (isWatched === is) return;
  isWatched = is;
  if (isOpen && !isFirstDue) schedule();
}

/** Ask now; when a call is under way, after it: its answer may have been made before there was a reason to ask. */
export function lookNow() {
  if (!isOn()) return;
  if (latest) isOverdue = true;
  else call();
}

function isOn() {
  return isOpen && current.page.check_in_seconds > 0;
}

/** Ask when it is time; after a failure soon again, then more and more rarely. */
function schedule() {
  clearTimeout(timer);
  if (!isOn()) return;
  const { page } = current;
  const interval = page.check_in_seconds * 1000;
  const usual = isWatched && !page.do_action ? Math.max(interval, NET_MS) : interval;
  timer = setTimeout(onTime, failures > 0 ? Math.min(usual, pauseAfter(failures)) : usual);
}

export function pauseAfter(times) {
  return RETRY_MS[Math.min(times, RETRY_MS.length) - 1] * (0.5 + Math.random() / 2);
}

function onTime() {
  if (latest) schedule();
  else if (changes.size > 0 && !changing) tellChange();
  else call();
}

/** An input changed: `name` is its variable. Several changes of one input are told as one. */
function noteChange(name) {
  changes.delete(name);
  changes.add(name);
  tellChange();
}

function tellChange() {
  if (changing || changes.size === 0 || !isOn()) return;
  const [name] = changes;
  changes.delete(name);
  changing = call(name);
}

/** One call. `changed` is the variable of the input that changed; such a call counts in `jQuery.active`. */
function call(changed) {
  if (!isOn()) return null;
  const { page, checkInCode } = current;
  const under = {
    number: (numberOfCalls += 1),
    screen: current.serial,
    session: page.session,
    isInitial: isFirstDue,
    hasCode: Boolean(page.do_action) && !isTooLarge,
    changed,
    acknowledged: [...acknowledgements],
  };
  isFirstDue = false;
  const body = new URLSearchParams({
    action: 'checkin',
    csrf_token: page.csrf_token,
    ajax: '1',
    checkinCode: checkInCode,
    _session: page.session,
    _operation: newOperation(),
    acknowledged: under.acknowledged.join(','),
    notices_after: knownNotices() ?? '',
    chatstatus: 'off',
    chatmode: 'help',
  });
  if (page.waits_for_tasks.length > 0) body.set('awaited', page.waits_for_tasks.slice(-MOST_AWAITED).join(','));
  if (under.hasCode) {
    const parameters = JSON.stringify({ ...formValues(), _initial: under.isInitial, _changed: changed ?? null });
    if (parameters.length > MOST_LETTERS) {
      leaveOutCode();
    } else {
      body.set('do_action', page.do_action);
      body.set('parameters', parameters);
    }
  }
  latest = under;
  // done, fail and always run before jQuery.active goes down: between one change and the next it is never zero.
  send(body, changed !== undefined, page.check_in_url)
    .done((answer) => onAnswer(answer, under))
    .fail((failed) => onFailure(failed, under))
    .always(() => onEnd(under));
  schedule();
  return under;
}

function onAnswer(answer, under) {
  failures = 0;
  sayOffline(false);
  unsay('check-in');
  for (const number of under.acknowledged) acknowledgements.delete(number);
  if (!answer.success || under.session !== current.page.session) return;
  if (answer.action === 'reload') {
    reload();
    return;
  }
  const isStale = under.screen !== current.serial || under.number < carriedOut;
  if (!isStale) carriedOut = under.number;
  for (const command of answer.commands) {
    if (command.notice !== undefined) tell(command);
    else if (!isStale) carryOut(command);
  }
  knowNotices(answer.notices_up_to);
  (answer.progress ?? []).forEach(showProgress);
  const isNewer = answer.version > current.version && !under.hasCode;
  current.version = Math.max(current.version, answer.version ?? 0);
  if (under.screen === current.serial && isReloading() && (isNewer || isAwaited(answer.ended_tasks ?? []))) refreshWhenRead();
}

function onFailure(failed, under) {
  const { status, responseJSON: answer } = failed;
  const isHere = under.screen === current.serial;
  if (status === 413) {
    leaveOutCode();
  } else if (status === 403) {
    say('check-in', answer?.error?.message ?? phrase('This page is out of date. Reload it.'));
  } else if (status === 0 || status >= 502 || status === 429) {
    if (status !== 429) sayOffline(true);
    failures += 1;
    if (isHere) {
      isFirstDue ||= under.isInitial;
      if (under.changed !== undefined) changes.add(under.changed);
    }
  } else {
    console.log('check in failed:', status, answer?.error?.message ?? '');
    if (under.session === current.page.session) {
      (answer?.commands ?? []).forEach(tell);
      knowNotices(answer?.notices_up_to);
    }
  }
}

/** What is typed here is more than a check-in takes; what is told about tasks still comes. */
function leaveOutCode() {
  isTooLarge = true;
  console.warn('What stands in the fields of this screen is too long for a check-in; its check-in code is not run.');
}

function onEnd(under) {
  if (changing === under) changing = null;
  if (latest === under) latest = null;
  if (failures > 0) {
    schedule();
    return;
  }
  tellChange();
  if (latest) return;
  if (isOverdue) {
    isOverdue = false;
    call();
  } else if (acknowledgements.size > 0 && isOn()) {
    clearTimeout(timer);
    timer = setTimeout(onTime, ACKNOWLEDGE_MS);
  }
}

/** The session is gone: show what is there instead. Not again and again, where that does not help. */
function reload() {
  const now = Date.now();
  const last = Number(sessionStorage.getItem('colloquy reloaded') ?? 0);
  if (now - last < RELOAD_AGAIN_MS) return;
  sessionStorage.setItem('colloquy reloaded', String(now));
  forgetSession();
  window.location.reload();
}

/** What is told about a task: once, whatever screen of the session is shown by now. */
function tell(command) {
  acknowledgements.add(command.notice);
  if (note(command.notice)) carryOut(command);
}

/** Remember which notices were executed, also over a reload; false when this one was already. */
function note(number) {
  const key = `colloquy notices ${current.page.session}`;
  const done = JSON.parse(sessionStorage.getItem(key) ?? '[]');
  if (done.includes(number)) return false;
  sessionStorage.setItem(key, JSON.stringify([...done, number].slice(-REMEMBERED_NOTICES)));
  return true;
}

/** Up to which number this tab knows the notices, also over a reload: what another tab has done is still told here. */
function knownNotices() {
  return sessionStorage.getItem(`colloquy notices known ${current.page.session}`);
}

function knowNotices(upTo) {
  if (upTo > Number(knownNotices() ?? -1)) sessionStorage.setItem(`colloquy notices known ${current.page.session}`, upTo);
}

/** A screen that reloads by itself and has nothing typed into it need not wait for its timer. */
function isReloading() {
  const { page } = current;
  return isOpen && page.reload_after > 0 && !page.has_inputs;
}

function isAwaited(ended) {
  return ended.some((task) => current.page.waits_for_tasks.includes(task));
}

/**
 * The server says that the session changed. Our own doing needs no look, but a task that ended does. A screen that
 * reloads by itself is shown anew: for a task it waits for, and for what somebody else did.
 */
export function onChange({ version, ended_tasks: ended, cause, notices }, isEcho) {
  current.version = Math.max(current.version, version);
  const isForeign = !isEcho && !['check_in', 'shown'].includes(cause);
  if (isReloading() && (isAwaited(ended) || isForeign)) refreshWhenRead();
  else if (notices || (!isEcho && cause !== 'check_in')) lookNow();
}
