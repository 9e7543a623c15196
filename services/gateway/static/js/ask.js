// Posts to the server, and what its answers mean (spec/area1 §16.3).
//
// Every intent has an operation id. When an answer is lost, the same request goes out again under the same id, and the
// server answers with the first outcome: nothing is done twice, and nothing that was typed is lost.

import { encodedAction, newOperation } from './encoding.js';
import { hideSpinner, say, sayOffline, showSpinnerSoon, unsay } from './feedback.js';
import { current, show, showError } from './page.js';
import { phrase } from './wording.js';
import { withWidgets } from './widgets.js';

const RETRY_SECONDS = [1, 2, 4, 8, 15, 30];
const PATIENCE_MS = 90_000;
const OWN_OPERATIONS = 50;

const own = [];
const whenGivenUp = [];
let pending = null;
let retryTimer = null;

export function isOwnOperation(operation) {
  return own.includes(operation);
}

export function isBusy() {
  return pending !== null;
}

/** Whether something is on its way to the server, or waits for its next attempt. */
export function isSending() {
  return pending !== null || retryTimer !== null;
}

/** Run `work` when a post is given up: the screen it was made from stays. */
export function onGivenUp(work) {
  whenGivenUp.push(work);
}

function noteOperation(operation) {
  own.push(operation);
  if (own.length > OWN_OPERATIONS) own.shift();
}

/** The control fields that every post of this page carries. */
export function pageFields(operation) {
  const page = current.page;
  return { csrf_token: page.csrf_token, ajax: '1', _session: page.session, _step: page.steps, _operation: operation };
}

/**
 * Post and show what comes back. `body` is FormData or URLSearchParams with everything but `ajax`.
 * Ignored while an earlier one is under way; one that waits for its next attempt is replaced.
 */
export function postAndShow(body, { keepsScroll = false, attempt = 0 } = {}) {
  if (pending) return;
  clearTimeout(retryTimer);
  retryTimer = null;
  body.set('ajax', '1');
  noteOperation(body.get('_operation'));
  document.body.classList.add('da-busy');
  showSpinnerSoon();
  pending = send(body, true);
  pending.then(
    (answer) => {
      rest();
      unsay('retry');
      sayOffline(false);
      handle(answer, keepsScroll);
    },
    (failed) => {
      rest();
      recover(failed, body, keepsScroll, attempt);
    },
  );
}

function rest() {
  pending = null;
  document.body.classList.remove('da-busy');
  hideSpinner();
}

/** One request by jQuery, so that `jQuery.active` counts those that a person waits for. */
export function send(body, counts, url = current.page.post_url) {
  const hasFiles = body instanceof FormData && [...body.values()].some((value) => value instanceof File && value.name);
  const data = hasFiles ? body : new URLSearchParams([...body.entries()].filter(([, value]) => typeof value === 'string')).toString();
  return $.ajax({
    url,
    method: 'POST',
    data,
    processData: false,
    contentType: hasFiles ? false : 'application/x-www-form-urlencoded; charset=UTF-8',
    dataType: 'json',
    timeout: PATIENCE_MS,
    global: counts,
  });
}

function handle(answer, keepsScroll) {
  switch (answer.action) {
    case 'body':
      withWidgets(answer.body, () => show(answer, { keepsScroll }));
      break;
    case 'redirect':
      window.location = answer.url;
      break;
    case 'refresh':
      refresh();
      break;
    case 'reload':
      window.location.reload();
      break;
    case 'wait':
      showSpinnerSoon();
      setTimeout(() => refresh(), answer.sleep * 1000);
      break;
    default:
      say('retry', phrase('The server gave an answer that this page does not understand. Reload the page.'), 'danger');
  }
}

/** Something went wrong: try again by itself where that can help, else say what to do. The form stays as it is. */
function recover(failed, body, keepsScroll, attempt) {
  const answer = failed.responseJSON;
  const mayRetry = failed.status === 0 || failed.status >= 502 || answer?.is_retryable;
  if (mayRetry && attempt < RETRY_SECONDS.length) {
    const seconds = RETRY_SECONDS[attempt];
    say('retry', phrase('The server does not answer at the moment. Nothing you typed is lost; sending is tried again by itself.'));
    retryTimer = setTimeout(() => postAndShow(body, { keepsScroll, attempt: attempt + 1 }), seconds * 1000);
    return;
  }
  if (mayRetry) {
    say('retry', phrase('The server still does not answer. Nothing you typed is lost; press the button again in a while.'), 'danger');
  } else if (answer?.error?.reason === 'interview_error' || answer?.error?.reason === 'not_found') {
    showError(answer);
  } else {
    const words = answer?.error?.message ?? phrase('The server refused this (status %s).', failed.status);
    say('retry', words, 'danger');
  }
  for (const work of whenGivenUp) work();
}

/** Show the screen as it is now; nothing is sent (spec/area1 §14.3). What was typed stays (keeping.js). */
export function refresh() {
  postAndShow(new URLSearchParams({ ...pageFields(newOperation()), _refresh: '1' }), { keepsScroll: true });
}

/** Run an action and show the screen that follows. */
export function performAction(encoded) {
  postAndShow(new URLSearchParams({ ...pageFields(newOperation()), _action: encoded }));
}

/** Run an action for a script: `callback` gets the data of a `json_response` (spec/area1 §16.4 action_call). */
export function callAction(action, args, callback, { isReadOnly = false } = {}) {
  const operation = newOperation();
  const fields = { ...pageFields(operation), _action: encodedAction(action, args) };
  delete fields.ajax;
  if (isReadOnly) fields._readonly = '1';
  noteOperation(operation);
  return $.ajax({
    url: current.page.post_url,
    method: 'POST',
    data: fields,
    success: (data) => callback?.(data),
    error: (failed) => console.error('action_call failed:', failed.status, failed.statusText),
  });
}
