// Several elements of a list on one screen (spec/area4 §8.5): one that is deleted is marked, and goes when the form is
// sent; one that is added was in reserve, and only when there are no more the server is asked for another.

import { apply } from './conditions.js';
import { form } from './fields.js';
import { onScreen } from './page.js';
import { phrase } from './wording.js';

onScreen(() => {
  $(form()).on('click', '.dacollectremove', (event) => toggle(event.currentTarget));
  $(form()).on('click', '.dacollectadd', (event) => {
    const element = reveal();
    if (!element) return;
    event.preventDefault();
    element.querySelector('input:not([type=hidden]), select, textarea')?.focus();
  });
  $(form()).on('da:reveal', reveal); // the same screen, shown anew
  settleAddButton();
});

/** Show the next element that is in reserve; null when there is none. */
function reveal() {
  const element = form().querySelector('.dacollect-spare');
  if (!element) return null;
  element.classList.remove('dacollect-spare');
  element.hidden = false;
  element.disabled = false;
  for (const button of form().querySelectorAll('.dacollectremove')) button.hidden = false;
  const revealed = document.getElementById('dacollectrevealed');
  revealed.value = String(Number(revealed.value) + 1);
  settleAddButton();
  apply();
  return element;
}

/** Enter in an input presses the first button that sends the form: while it needs not send it, that is Continue. */
function settleAddButton() {
  const button = form()?.querySelector('.dacollectadd');
  if (button) button.type = form().querySelector('.dacollect-spare') ? 'button' : 'submit';
}

function toggle(button) {
  const element = button.closest('.dacollect');
  const isDeleted = element.classList.toggle('dacollect-deleted');
  const words = button.lastChild;
  button.dataset.label ??= words.textContent;
  words.textContent = isDeleted ? ` ${phrase('Undo')}` : button.dataset.label;
  const deleted = [...form().querySelectorAll('.dacollect-deleted')].map((one) => one.dataset.collectIndex);
  document.getElementById('dacollectdelete').value = deleted.join(',');
  apply();
}
