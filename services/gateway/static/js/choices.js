// Groups of choices: none and all of the above, check boxes that check or uncheck others, sliders, multiple selects.

import { allFields, form, inputsOf, namedOptions } from './fields.js';
import { onScreen } from './page.js';

onScreen(() => {
  if (!form()) return;
  for (const field of allFields()) {
    if (field.type === 'checkboxes') wireGroup(field);
    if (field.type === 'multiselect') wireMultiselect(field);
    if (field.type === 'range') wireRange(field);
    for (const rule of ['uncheckOthers', 'checkOthers']) {
      if (field.container.dataset[rule]) wireOthers(field, JSON.parse(field.container.dataset[rule]), rule === 'checkOthers');
    }
  }
});

function wireGroup(field) {
  const options = namedOptions(field);
  const none = field.container.querySelector('.danota-checkbox');
  const all = field.container.querySelector('.daaota-checkbox');
  const settle = (input) => {
    if (input === none && none.checked) {
      for (const one of options) one.checked = false;
      if (all) all.checked = false;
    } else if (input === all) {
      for (const one of options) one.checked = all.checked;
      if (none && all.checked) none.checked = false;
    } else if (input !== none) {
      if (none && input.checked) none.checked = false;
      if (all) all.checked = options.every((one) => one.checked);
    }
  };
  if (all && options.length && options.every((one) => one.checked)) all.checked = true;
  $(field.container).on('change', 'input[type=checkbox]', (event) => settle(event.target));
}

/** The options of a multiple select are posted like check boxes: a hidden input for each one that is chosen. */
function wireMultiselect(field) {
  const select = field.container.querySelector('select');
  const mirror = document.createElement('span');
  mirror.hidden = true;
  select.after(mirror);
  const write = () => {
    mirror.replaceChildren(
      ...[...select.selectedOptions].map((option) => {
        const input = document.createElement('input');
        input.type = 'hidden';
        input.name = option.value;
        input.value = 'True';
        input.className = 'da-checkbox-item';
        input.dataset.ownDisabled = '';
        return input;
      }),
    );
  };
  $(select).on('change', write);
  write();
}

function wireRange(field) {
  const [input] = inputsOf(field);
  const output = field.container.querySelector('output');
  if (!output) {
    addLogarithmicSlider(field, input);
    return;
  }
  $(input).on('input change', () => {
    output.value = input.value;
  });
}

/** A slider beside a number: each step of it multiplies, so that small values can be chosen as well as large ones. */
function addLogarithmicSlider(field, input) {
  const [least, most, step] = [Number(input.min), Number(input.max), Number(input.step) || 1];
  if (!(least > 0 && most > least)) return;
  if (input.value === '') input.value = input.min;
  const slider = document.createElement('input');
  Object.assign(slider, { type: 'range', className: 'form-range', min: 0, max: 1, step: 0.001, disabled: input.disabled });
  slider.setAttribute('aria-label', field.container.querySelector('label')?.textContent.trim() ?? '');
  const follow = () => {
    slider.value = Math.log((Number(input.value) || least) / least) / Math.log(most / least);
  };
  $(slider).on('input change', (event) => {
    event.stopPropagation();
    const exact = least * (most / least) ** Number(slider.value);
    input.value = Number((least + Math.round((exact - least) / step) * step).toPrecision(12));
    $(input).trigger(event.type);
  });
  $(input).on('input change', follow);
  follow();
  input.after(slider);
}

function wireOthers(field, named, wanted) {
  const [box] = inputsOf(field);
  const isOther = (other) => other.container !== field.container && (named === true || named.includes(other.variable));
  const others = allFields().filter((other) => /^(yes|no)/.test(other.type) && isOther(other));
  $(box).on('change', () => {
    if (!box.checked) return;
    for (const other of others) {
      const [input] = inputsOf(other);
      if (input.checked !== wanted) {
        input.checked = wanted;
        $(input).trigger('change');
      }
    }
  });
  if (wanted) return;
  for (const other of others) {
    const [input] = inputsOf(other);
    $(input).on('change', () => {
      if (input.checked && box.checked) {
        box.checked = false;
        $(box).trigger('change');
      }
    });
  }
}
