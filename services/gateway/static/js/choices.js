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
  $(input).on('input change', () => {
    output.value = input.value;
  });
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
