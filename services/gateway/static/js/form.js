// Sending the main form, going back, and the browser's own back button (spec/area1 §16.1).

import { pageFields, postAndShow } from './ask.js';
import { stopCheckIns } from './checkin.js';
import { visibleNames } from './conditions.js';
import { encodedName, newOperation } from './encoding.js';
import { form } from './fields.js';
import { current, onScreen } from './page.js';
import { checkLeft, isValid, recheck } from './validation.js';

const sent = { text: null, operation: null };
const press = { isOn: false };
const problems = [];

/** `hasProblem()` is asked before a form is sent, and may still write into it. */
export function beforeSending(hasProblem) {
  problems.push(hasProblem);
}

onScreen(() => {
  const main = form();
  if (main?.tagName === 'FORM') {
    main.noValidate = true;
    $(main).on('submit', onSubmit);
    $(main).on('input change', recheck);
    $(main).on('focusout', 'input, textarea', (event) => {
      if (event.relatedTarget?.closest('button, .btn')) return; // all is checked when it is pressed
      afterPress(() => event.target.isConnected && checkLeft(event.target));
    });
    sent.text = null;
  }
  $('#dabackbutton').on('submit', (event) => {
    event.preventDefault();
    goBack();
  });
  $('.daquestionbackbutton').on('click', goBack);
});

document.addEventListener('pointerdown', () => { press.isOn = true; }, true);
for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, () => { press.isOn = false; }, true);

/** A message that comes while the mouse is down would move away what is being clicked, and the click would be lost. */
function afterPress(act) {
  if (!press.isOn) {
    act();
    return;
  }
  const once = new AbortController();
  const end = () => {
    once.abort();
    setTimeout(act); // the click itself comes first
  };
  for (const name of ['pointerup', 'pointercancel']) document.addEventListener(name, end, { signal: once.signal });
}

function onSubmit(event) {
  event.preventDefault();
  const main = form();
  const submitter = event.originalEvent?.submitter ?? null;
  if (!isValid() || problems.some((hasProblem) => hasProblem())) return;
  const body = new FormData(main);
  if (submitter?.name) body.append(submitter.name, submitter.value);
  else if (!submitter) addDefaultButton(main, body);
  body.set('_visible', encodedName(JSON.stringify(visibleNames())));
  body.set('_operation', operationFor(body));
  stopCheckIns();
  postAndShow(body);
}

/** A script that submits the form means the first of its answering buttons. */
function addDefaultButton(main, body) {
  const button = main.querySelector('.da-field-buttons button[type=submit]');
  if (button?.name) body.append(button.name, button.value);
}

/** One id per submission: the same text sent again, because no answer came, is the same submission. */
function operationFor(body) {
  const fields = [...body.entries()].filter(([name]) => name !== '_operation');
  const text = JSON.stringify(fields.map(([name, value]) => [name, typeof value === 'string' ? value : `${value.name} ${value.size}`]));
  if (sent.text === null) {
    sent.operation = current.page.operation;
  } else if (sent.text !== text) {
    sent.operation = newOperation();
  }
  sent.text = text;
  return sent.operation;
}

export function goBack() {
  if (!current.page.allow_going_back) return;
  stopCheckIns();
  postAndShow(new URLSearchParams({ ...pageFields(current.page.back_operation), _back_one: '1' }));
}

/** Each step has its place in the browser's history, so that its back button goes back in the interview. */
export function keepHistory() {
  const mark = () => `${current.page.post_url}#page${current.page.steps}`;
  history.replaceState({ steps: current.page.steps }, '', mark());
  $(document).on('daPageLoad', () => {
    const shown = history.state?.steps ?? 0;
    const { steps } = current.page;
    if (steps > shown) history.pushState({ steps }, '', mark());
    else history.replaceState({ steps }, '', mark());
  });
  window.addEventListener('popstate', (event) => {
    const wanted = event.state?.steps;
    if (wanted === undefined || wanted >= current.page.steps) return;
    if (current.page.allow_going_back) goBack();
    else history.pushState({ steps: current.page.steps }, '', mark());
  });
}
