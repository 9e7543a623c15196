// The functions that scripts of interviews may call (spec/area1 §16.4), as globals.

import { callAction, performAction, refresh } from './ask.js';
import { atou, encodedAction, utoa } from './encoding.js';
import { flash, hideSpinner, showSpinner } from './feedback.js';
import { getField, getFields, setChoices, setField, val } from './fields.js';
import { current } from './page.js';
import { isValid } from './validation.js';

function urlAction(action, args = {}) {
  return `${current.page.post_url}&action=${encodeURIComponent(encodedAction(action, args))}`;
}

function withoutPrior(action, args, forgetPrior) {
  return forgetPrior ? ['_da_priority_action', { _action: action, _arguments: args ?? {} }] : [action, args ?? {}];
}

function actionCall(action, args, callback, forgetPrior = false, readOnly = false) {
  return callAction(...withoutPrior(action, args, forgetPrior), callback, { isReadOnly: readOnly });
}

function actionPerform(action, args, forgetPrior = false) {
  performAction(encodedAction(...withoutPrior(action, args, forgetPrior)));
}

/** Run an action, then ask for what `next` names: a variable, an action `{action, arguments}`, or a list of such. */
function actionPerformWithNext(action, args, next, forgetPrior = false) {
  const others = next === null || next === undefined ? [] : [].concat(next);
  const variables = [{ action, arguments: args ?? {} }, ...others];
  performAction(encodedAction(...withoutPrior('_da_force_ask', { variables }, forgetPrior)));
}

function getInterviewVariables(callback) {
  const query = new URLSearchParams({ i: current.page.interview, session: current.page.session });
  return $.ajax({ url: `/vars?${query}`, method: 'GET', dataType: 'json', success: (data) => callback?.(data) });
}

const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/** What authors move with jQuery (`fadeIn()`, `slideUp()` …) is there at once for who does not want things to move. */
function moveAsWanted() {
  $.fx.off = calm.matches;
}

function goToAnchor(target) {
  document.querySelector(target)?.scrollIntoView({ behavior: calm.matches ? 'auto' : 'smooth' });
}

export function offerFunctions() {
  moveAsWanted();
  calm.addEventListener('change', moveAsWanted);
  Object.assign(window, {
    val,
    da_val: val,
    getField,
    daGetField: getField,
    setField,
    daSetField: setField,
    getFields,
    daGetFields: getFields,
    setChoices,
    daSetChoices: setChoices,
    flash,
    da_flash: flash,
    url_action: urlAction,
    da_url_action: urlAction,
    action_call: actionCall,
    url_action_call: actionCall,
    da_action_call: actionCall,
    action_perform: actionPerform,
    url_action_perform: actionPerform,
    da_action_perform: actionPerform,
    action_perform_with_next: actionPerformWithNext,
    url_action_perform_with_next: actionPerformWithNext,
    da_action_perform_with_next: actionPerformWithNext,
    get_interview_variables: getInterviewVariables,
    da_get_interview_variables: getInterviewVariables,
    daGoToAnchor: goToAnchor,
    daRefreshSubmit: refresh,
    daShowSpinner: showSpinner,
    daHideSpinner: hideSpinner,
    daValidator: { form: isValid },
    atou,
    utoa,
    dabtoa: utoa,
    daatob: atou,
  });
}
