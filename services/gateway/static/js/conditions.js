// Fields that show, hide, enable or disable as others change (spec/area1 §16.5, spec/area4 §8.3).

import { atou } from './encoding.js';
import { allFields, form, inputsOf, isHidden, rawValue, val } from './fields.js';
import { onScreen } from './page.js';

const MOST_ROUNDS = 12;
let wrappers = [];
let disablers = [];

onScreen(() => {
  const root = form();
  if (!root) return;
  for (const input of root.querySelectorAll('input, select, textarea')) input.dataset.ownDisabled = input.disabled ? '1' : '';
  wrappers = [...root.querySelectorAll('.da-condition')].map(read);
  disablers = allFields().filter((field) => field.container.dataset.disableOthers);
  $(root).on('change input', apply); // by jQuery: scripts of authors trigger changes through it
  apply();
});

function read(element) {
  if (element.dataset.jsshowif) {
    const said = JSON.parse(atou(element.dataset.jsshowif));
    const isWatching = said.vars.length > 0;
    return { element, sign: said.sign, onlyEnables: said.mode === 1, holds: isWatching ? compile(said.expression) : () => !said.sign };
  }
  const data = element.dataset;
  const wanted = JSON.parse(data.showifVal);
  return {
    element,
    sign: data.showifSign === '1',
    onlyEnables: data.showifMode === '1',
    holds: () => matches(val(data.showifVar), wanted),
  };
}

function compile(expression) {
  let test;
  try {
    test = new Function(`return (${expression.trim().replace(/;$/, '')}\n);`);
  } catch (error) {
    console.error('A condition of the interview cannot be read:', expression, error);
    return () => false;
  }
  return () => {
    try {
      return Boolean(test.call(window));
    } catch (error) {
      console.error('A condition of the interview failed:', expression, error);
      return false;
    }
  };
}

/** Numbers compare as numbers, `True` and `False` as booleans, `None` as an empty field. */
export function matches(value, wanted) {
  if (Array.isArray(value)) return Array.isArray(wanted) ? wanted.every((one) => value.includes(String(one))) : value.includes(String(wanted));
  const left = simple(value);
  const right = simple(wanted);
  if (left === right) return true;
  if (left === '' || right === '' || typeof left === 'boolean' || typeof right === 'boolean') return false;
  const [a, b] = [Number(left), Number(right)];
  return !Number.isNaN(a) && !Number.isNaN(b) && a === b;
}

function simple(value) {
  if (value === null || value === undefined || value === 'None') return '';
  if (value === 'True') return true;
  if (value === 'False') return false;
  return typeof value === 'boolean' ? value : String(value);
}

/** Bring every wrapper and input into its state; a hidden field has no value, so it goes round until nothing moves. */
export function apply() {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let moved = false;
    for (const one of wrappers) {
      const met = one.holds() === one.sign;
      const before = one.element.dataset.met;
      one.element.dataset.met = met ? '1' : '0';
      if (!one.onlyEnables) {
        one.element.classList.toggle('da-hidden', !met);
        $(one.element).data('isVisible', met ? '1' : '0');
      }
      moved ||= before !== one.element.dataset.met;
    }
    moved = setDisabled() || moved;
    if (!moved) return;
  }
}

function setDisabled() {
  const root = form();
  if (!root) return false;
  const silenced = silencedByOthers();
  let moved = false;
  for (const input of root.querySelectorAll('input[data-own-disabled], select[data-own-disabled], textarea[data-own-disabled]')) {
    const unmet = input.closest('.da-condition[data-met="0"]') !== null;
    const container = input.closest('.da-field-container');
    const isDeleted = input.closest('.dacollect-deleted, .dacollect-spare') !== null;
    const disabled = input.dataset.ownDisabled === '1' || unmet || isDeleted || silenced.has(container);
    if (input.disabled !== disabled) {
      input.disabled = disabled;
      moved = true;
    }
  }
  return moved;
}

/** `disable others`: as soon as a field has a value, all or some of the others are disabled. */
function silencedByOthers() {
  const silenced = new Set();
  for (const field of disablers) {
    if (isHidden(field.container) || silenced.has(field.container) || isEmpty(rawValue(field))) continue;
    const named = JSON.parse(field.container.dataset.disableOthers);
    for (const other of allFields()) {
      if (other.container !== field.container && (named === true || named.includes(other.variable))) silenced.add(other.container);
    }
  }
  return silenced;
}

function isEmpty(value) {
  return value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);
}

/** Names of the inputs that a person can see and use, as the server is told at submission. */
export function visibleNames() {
  const names = new Set();
  for (const field of allFields()) {
    if (isHidden(field.container)) continue;
    const usable = inputsOf(field).filter((input) => !input.disabled);
    if (usable.length === 0) continue;
    names.add(field.name);
    for (const input of usable) if (input.name) names.add(input.name);
  }
  return [...names];
}
