// The fields of the screen by the names of their variables (spec/area1 §16.4).

import { atou, encodedName, variableOfName } from './encoding.js';

const BOXES = new Set(['yesno', 'yesnowide', 'noyes', 'noyeswide']);

export function form() {
  return document.getElementById('daform');
}

/** All fields of the screen, in order: `{variable, container, type}`. */
export function allFields() {
  return [...(form()?.querySelectorAll('.da-field-container[data-variable]') ?? [])].map((container) => ({
    container,
    variable: container.dataset.variable,
    type: container.dataset.inputType,
    name: container.dataset.inputName,
  }));
}

/**
 * Which inputs stand for which variables, by encoded names, where an input has a name of its own (spec/area1 §16.8):
 * `daVarLookup` the last input of a variable, `daVarLookupMulti` all of them, and the same the other way round.
 */
export function lookups() {
  const [forth, back, forthMulti, backMulti] = [{}, {}, {}, {}];
  for (const { variable, name } of allFields()) {
    const encoded = encodedName(variable);
    if (!name || name === encoded) continue;
    forth[encoded] = name;
    back[name] = encoded;
    (forthMulti[encoded] ??= []).push(name);
    (backMulti[name] ??= []).push(encoded);
  }
  return { daVarLookup: forth, daVarLookupRev: back, daVarLookupMulti: forthMulti, daVarLookupRevMulti: backMulti };
}

export function inputsOf(field) {
  return [...field.container.querySelectorAll('input, select, textarea')].filter((input) => input.type !== 'button');
}

export function isHidden(element) {
  return element.closest('.da-condition.da-hidden, .dacollect-deleted, .dacollect-spare') !== null;
}

function isUsable(field) {
  const inputs = inputsOf(field);
  return !isHidden(field.container) && (inputs.length === 0 || inputs.some((input) => !input.disabled));
}

function asBoolean(text) {
  return text === 'True' ? true : text === 'False' ? false : text;
}

/** The key of a check box inside its group: `apple` for `fruits['apple']`. */
export function optionKey(input) {
  const variable = variableOfName(input.name || input.value) ?? '';
  const match = variable.match(/\[(?:'([\s\S]*)'|([^\]]*))\]$/);
  return match ? (match[1] ?? match[2]) : input.value;
}

export function namedOptions(field) {
  return inputsOf(field).filter((input) => input.classList.contains('da-checkbox-item'));
}

/** The value in a field, whether or not it is visible. */
export function rawValue(field) {
  const inputs = inputsOf(field);
  if (BOXES.has(field.type)) return inputs[0].checked;
  if (field.type === 'radio') {
    const chosen = inputs.find((input) => input.checked);
    return chosen ? asBoolean(decodedKey(field, chosen.value)) : null;
  }
  if (field.type === 'checkboxes') return namedOptions(field).filter((one) => one.checked).map(optionKey);
  if (field.type === 'multiselect') {
    const select = inputs.find((input) => input.tagName === 'SELECT');
    return [...select.selectedOptions].map((option) => optionKey({ name: option.value, value: option.value }));
  }
  const input = inputs.find((one) => one.name && one.type !== 'radio') ?? inputs[0];
  return input ? decodedKey(field, input.value) : null;
}

/** The choices of object fields are posted by the encoded names of the objects; scripts know them by the names. */
function decodedKey(field, key) {
  if (!isOfObjects(field) || key === '' || key === 'None') return key;
  return atou(key);
}

function keyOf(field, value) {
  return isOfObjects(field) && value !== '' && value !== 'None' ? encodedName(value) : value;
}

function isOfObjects(field) {
  return ['object', 'object_radio'].includes(field.container.dataset.datatype);
}

function find(name) {
  const fields = allFields().filter((field) => field.variable === name);
  return fields.find(isUsable) ?? null;
}

/** `group['key']` or `group[nota]`: a group of check boxes and one of its options. */
function findOption(name) {
  const match = String(name).match(/^(.*)\[(?:'([\s\S]*)'|"([\s\S]*)"|(nota|aota))\]$/);
  if (!match) return null;
  const group = find(match[1]);
  if (!group || (group.type !== 'checkboxes' && group.type !== 'multiselect')) return null;
  return { group, key: match[2] ?? match[3], special: match[4] };
}

export function val(name) {
  const field = find(name);
  if (field) return rawValue(field);
  const option = findOption(name);
  if (!option) return null;
  if (option.special) return option.group.container.querySelector(`.da${option.special}-checkbox`)?.checked ?? false;
  return rawValue(option.group).includes(option.key);
}

export function getField(name) {
  const field = find(name);
  if (field) {
    if (field.type === 'radio' || field.type === 'checkboxes') {
      return field.container.querySelector('.da-field-group') ?? field.container;
    }
    return document.getElementById(field.name) ?? inputsOf(field)[0];
  }
  const option = findOption(name);
  if (!option) return null;
  if (option.special) return option.group.container.querySelector(`.da${option.special}-checkbox`);
  return namedOptions(option.group).find((input) => optionKey(input) === option.key) ?? null;
}

export function getFields() {
  return [...new Set(allFields().map((field) => field.variable))];
}

function changed(input) {
  $(input).trigger('change');
}

function setChecked(input, wanted) {
  if (input.checked !== wanted) {
    input.checked = wanted;
    changed(input);
  }
}

export function setField(name, value) {
  const field = find(name);
  const option = field ? null : findOption(name);
  if (option) {
    const input = getField(name);
    if (input) setChecked(input, Boolean(value));
    return;
  }
  if (!field) {
    console.log(`setField: there is no field ${name} on this screen`);
    return;
  }
  const inputs = inputsOf(field);
  if (BOXES.has(field.type)) {
    setChecked(inputs[0], Boolean(value));
  } else if (field.type === 'radio') {
    const wanted = value === true ? 'True' : value === false ? 'False' : keyOf(field, String(value));
    const radio = inputs.find((input) => input.value === wanted);
    if (radio) setChecked(radio, true);
    else console.log(`setField: ${name} has no choice ${wanted}`);
  } else if (field.type === 'checkboxes') {
    if (!Array.isArray(value)) throw new Error(`setField: ${name} is a group of check boxes and needs an array`);
    for (const input of namedOptions(field)) setChecked(input, value.map(String).includes(optionKey(input)));
  } else if (field.type === 'multiselect') {
    if (!Array.isArray(value)) throw new Error(`setField: ${name} takes several values and needs an array`);
    const select = inputs.find((input) => input.tagName === 'SELECT');
    for (const one of select.options) one.selected = value.map(String).includes(optionKey({ name: one.value, value: one.value }));
    changed(select);
  } else {
    const input = inputs.find((one) => one.name) ?? inputs[0];
    const text = value === null || value === undefined ? '' : value === true ? 'True' : value === false ? 'False' : keyOf(field, String(value));
    if (input.value === text) return;
    const combobox = field.container.querySelector('.combobox-container');
    if (combobox) combobox.dispatchEvent(new CustomEvent('da:choose', { detail: text }));
    else input.value = text;
    changed(input);
  }
}

export function setChoices(name, choices) {
  const field = find(name) ?? allFields().find((one) => one.variable === name);
  const select = field && inputsOf(field).find((input) => input.tagName === 'SELECT');
  const combobox = field?.container.querySelector('.combobox-container');
  if (!select && !combobox) {
    console.log(`setChoices: ${name} is no drop-down or combobox on this screen`);
    return;
  }
  const pairs = choices.map((one) => (Array.isArray(one) ? [String(one[0]), String(one[1] ?? one[0])] : [String(one), String(one)]));
  if (combobox) {
    combobox.dispatchEvent(new CustomEvent('da:choices', { detail: pairs }));
    return;
  }
  const kept = select.value;
  for (const option of [...select.options]) if (option.value !== '') option.remove();
  for (const group of [...select.querySelectorAll('optgroup')]) group.remove();
  for (const [value, label] of pairs) select.append(new Option(label, value));
  select.value = pairs.some(([value]) => value === kept) ? kept : '';
}

/** The form as a check-in sends it: variable name → raw text of every successful control (spec/area1 §12.5). */
export function formValues() {
  const values = {};
  for (const field of allFields()) {
    if (isHidden(field.container)) continue;
    for (const input of inputsOf(field)) {
      if (!input.name || input.disabled || input.type === 'file') continue;
      if ((input.type === 'checkbox' || input.type === 'radio') && !input.checked) continue;
      const key = input.classList.contains('da-checkbox-item') ? (variableOfName(input.name) ?? field.variable) : field.variable;
      if (!(key in values)) values[key] = input.value;
    }
  }
  return values;
}

/** The variable that an input of the form belongs to; null for control fields. */
export function variableOf(input) {
  const container = input.closest('.da-field-container[data-variable]');
  if (!container) return null;
  return input.classList.contains('da-checkbox-item') ? variableOfName(input.name) : container.dataset.variable;
}
