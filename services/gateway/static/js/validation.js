// Check a form before it is sent, with the messages of spec/area4 §5.6; the server converts and checks again.

import { allFields, form, inputsOf, isHidden, namedOptions } from './fields.js';
import { phrase } from './wording.js';

const MESSAGES = {
  required: 'You need to fill this in.',
  'multiple choice required': 'You need to select one.',
  'combobox required': 'You need to select one or type in a new value.',
  'checkboxes required': 'Check at least one option, or check “%s”',
  'checkboxes required without none': 'Check at least one option.',
  'checkbox required': 'You need to check this.',
  'file required': 'You must provide a file.',
  date: 'You need to enter a valid date.',
  time: 'You need to enter a valid time.',
  datetime: 'You need to enter a valid date and time.',
  number: 'You need to enter a number.',
  integer: 'Please enter a whole number.',
  email: 'You need to enter a complete e-mail address.',
  url: 'You need to enter a valid URL.',
  min: 'You need to enter a number that is at least %s.',
  max: 'You need to enter a number that is no more than %s.',
  mindate: 'You need to enter a date on or after %s.',
  maxdate: 'You need to enter a date on or before %s.',
  minlength: 'You must type at least %s characters.',
  maxlength: 'You cannot type more than %s characters.',
  step: 'Please enter a multiple of %s.',
  checkatleast: 'Please select at least %s.',
  checkatmost: 'Please select no more than %s.',
  checkexactly: 'Please select exactly %s.',
};
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
const BOXES = /^(yes|no)/;
const NUMBERS = new Set(['integer', 'number', 'currency', 'float', 'range']);

function message(field, rule, limit = '') {
  const own = field.container.dataset.messages ? JSON.parse(field.container.dataset.messages) : {};
  const words = own[rule] ?? (rule.endsWith('required') ? own.required : undefined);
  return words === undefined ? phrase(MESSAGES[rule] ?? 'Please enter a valid value.', limit) : words.replace('%s', limit);
}

const rules = {};
const standing = { optional: (element) => element.value === '' };

/** Authors make rules for datatypes of their own as they do for jQuery Validation: (value, element, parameters). */
function addMethod(name, method) {
  rules[name] = method;
}
if (window.jQuery && !window.jQuery.validator) window.jQuery.validator = { addMethod, methods: rules };

/** The message of the first rule of the author's that a field breaks; one that fails does not keep a form back. */
function problemOfRules(field) {
  const input = inputsOf(field).find((one) => !one.disabled && one.type !== 'hidden');
  if (!input || isHidden(field.container)) return null;
  const value = input.type === 'checkbox' || input.type === 'radio' ? (field.container.querySelector('input:checked')?.value ?? '') : input.value;
  for (const rule of JSON.parse(field.container.dataset.rules)) {
    try {
      if (rules[rule] && !rules[rule].call(standing, value, input, true)) return message(field, rule);
    } catch (error) {
      console.warn(error);
    }
  }
  return null;
}

/** The message for a field, or null when it may be sent. */
export function problemOf(field) {
  return problemOfInput(field) ?? (field.container.dataset.rules ? problemOfRules(field) : null);
}

function problemOfInput(field) {
  if (isHidden(field.container)) return null;
  const inputs = inputsOf(field).filter((input) => !input.disabled);
  if (inputs.length === 0) return null;
  const required = field.container.dataset.required === '1';
  if (field.type === 'checkboxes') return checkGroup(field, required);
  if (field.type === 'multiselect') return checkMultiselect(field, required);
  if (field.type === 'radio') return required && !inputs.some((input) => input.checked) ? message(field, 'multiple choice required') : null;
  const input = inputs.find((one) => one.type !== 'hidden') ?? inputs[0];
  if (input.type === 'checkbox') return checkBox(field, input, required);
  if (input.type === 'file') return required && input.files.length === 0 ? message(field, 'file required') : null;
  if (input.type === 'hidden') return null;
  return checkText(field, input, required);
}

function checkGroup(field, required) {
  const options = namedOptions(field);
  const count = options.filter((one) => one.checked).length;
  const none = field.container.querySelector('.danota-checkbox');
  const limits = parameters(field);
  if (limits.checkexactly !== undefined && count !== Number(limits.checkexactly)) return message(field, 'checkexactly', limits.checkexactly);
  if (limits.checkatleast !== undefined && count < Number(limits.checkatleast)) return message(field, 'checkatleast', limits.checkatleast);
  if (limits.checkatmost !== undefined && count > Number(limits.checkatmost)) return message(field, 'checkatmost', limits.checkatmost);
  if (!required || count > 0 || none?.checked) return null;
  return none ? message(field, 'checkboxes required', field.container.dataset.nota) : message(field, 'checkboxes required without none');
}

/** A box that unchecks others is their "none of the above": one of them all must be checked. */
function checkBox(field, input, required) {
  if (required && !input.checked) return message(field, 'checkbox required');
  if (!field.container.dataset.uncheckOthers || input.checked) return null;
  const named = JSON.parse(field.container.dataset.uncheckOthers);
  const others = allFields().filter((one) => BOXES.test(one.type) && one.container !== field.container);
  const group = others.filter((one) => (named === true || named.includes(one.variable)) && !isHidden(one.container));
  if (group.some((one) => inputsOf(one)[0].checked)) return null;
  return message(field, 'checkboxes required', field.container.querySelector('.da-choice-text')?.textContent ?? '');
}

function checkMultiselect(field, required) {
  const count = field.container.querySelector('select').selectedOptions.length;
  const limits = parameters(field);
  if (limits.checkatleast !== undefined && count < Number(limits.checkatleast)) return message(field, 'checkatleast', limits.checkatleast);
  if (limits.checkatmost !== undefined && count > Number(limits.checkatmost)) return message(field, 'checkatmost', limits.checkatmost);
  return required && count === 0 ? message(field, 'multiple choice required') : null;
}

function parameters(field) {
  return field.container.dataset.parameters ? JSON.parse(field.container.dataset.parameters) : {};
}

function checkText(field, input, required) {
  const value = input.value.trim();
  const kind = field.container.dataset.datatype;
  if (input.validity?.badInput) return message(field, input.type === 'number' ? 'number' : input.type.startsWith('date') ? 'date' : 'time');
  if (value === '') {
    if (!required) return null;
    if (field.type === 'combobox') return message(field, 'combobox required');
    return message(field, input.tagName === 'SELECT' ? 'multiple choice required' : 'required');
  }
  if (input.tagName === 'SELECT') return null;
  if (NUMBERS.has(field.type) || NUMBERS.has(kind)) return checkNumber(field, input, value, kind);
  if (input.type === 'email' && !EMAIL.test(value)) return message(field, 'email');
  if (input.type === 'url' && input.validity.typeMismatch) return message(field, 'url');
  if (input.type === 'date') {
    if (input.min && value < input.min) return message(field, 'mindate', input.min);
    if (input.max && value > input.max) return message(field, 'maxdate', input.max);
  }
  const [least, most] = [input.getAttribute('minlength'), input.dataset.maxlength ?? null];
  if (least !== null && value.length < Number(least)) return message(field, 'minlength', least);
  if (most !== null && value.length > Number(most)) return message(field, 'maxlength', most);
  return null;
}

function checkNumber(field, input, value, kind) {
  const number = Number(value.replace(/[,%\s]/g, ''));
  if (Number.isNaN(number)) return message(field, 'number');
  if ((kind === 'integer' || field.type === 'integer') && !Number.isInteger(number)) return message(field, 'integer');
  const [least, most, step] = [input.getAttribute('min'), input.getAttribute('max'), input.dataset.step || input.getAttribute('step')];
  if (least !== null && least !== '' && number < Number(least)) return message(field, 'min', least);
  if (most !== null && most !== '' && number > Number(most)) return message(field, 'max', most);
  if (step && step !== 'any' && Number(step) > 0) {
    const steps = (number - (Number(least) || 0)) / Number(step);
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return message(field, 'step', step);
  }
  return null;
}

/** Show or take away the message of one field. */
export function showProblem(field, text) {
  const { container } = field;
  const id = `${field.name}-error`;
  let place = document.getElementById(id);
  container.classList.toggle('da-has-error', text !== null);
  for (const input of inputsOf(field)) {
    input.classList.toggle('is-invalid', text !== null && input.type !== 'checkbox' && input.type !== 'radio');
    if (text === null) input.removeAttribute('aria-invalid');
    else input.setAttribute('aria-invalid', 'true');
  }
  const told = container.querySelector('[role=radiogroup], [role=group]') ?? inputsOf(field).find((input) => input.type !== 'hidden');
  describe(told, id, text !== null);
  if (text === null) {
    place?.remove();
    return;
  }
  if (!place) {
    place = document.createElement('div');
    place.id = id;
    place.className = 'da-field-error invalid-feedback d-block';
    container.append(place);
  }
  place.textContent = text;
}

/** Name an explanation of an input, or no longer; others that it has stay. */
function describe(element, id, isThere) {
  if (!element) return;
  const others = (element.getAttribute('aria-describedby') ?? '').split(/\s+/).filter((one) => one && one !== id);
  if (isThere) others.unshift(id);
  if (others.length > 0) element.setAttribute('aria-describedby', others.join(' '));
  else element.removeAttribute('aria-describedby');
}

/** Check all fields; the first one with a problem gets the focus. */
export function isValid() {
  if (!form()) return true;
  const wrong = [];
  for (const field of allFields()) {
    const text = problemOf(field);
    showProblem(field, text);
    if (text !== null) wrong.push(field);
  }
  if (wrong.length === 0) return true;
  const first = inputsOf(wrong[0]).find((input) => input.type !== 'hidden' && !input.disabled);
  first?.focus({ preventScroll: true });
  wrong[0].container.scrollIntoView({ block: 'center' });
  return false;
}

/** Say at once what is wrong with a text that was typed, when its input is left; an empty one is for later. */
export function checkLeft(input) {
  const field = allFields().find((one) => one.container.contains(input));
  if (!field || field.type === 'combobox' || field.type === 'ajax') return;
  if (['checkbox', 'radio', 'file', 'hidden'].includes(input.type) || !input.value?.trim()) return;
  showProblem(field, problemOf(field));
}

/** After a first refusal, messages go away as soon as they are no longer true. */
export function recheck() {
  for (const field of allFields()) {
    if (field.container.classList.contains('da-has-error')) showProblem(field, problemOf(field));
  }
}
