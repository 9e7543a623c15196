// Several elements of a list on one screen (spec/area4 §8.5): one that is deleted is marked, and goes when the form is sent.

import { apply } from './conditions.js';
import { form } from './fields.js';
import { onScreen } from './page.js';
import { phrase } from './wording.js';

onScreen(() => {
  $(form()).on('click', '.dacollectremove', (event) => toggle(event.currentTarget));
});

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
