// A drop-down that also takes what is not in its list. The select of the page is replaced by a text input, a button and
// a list; without a script it stays a select. The same for inputs that ask the interview for suggestions (`input type: ajax`).

import { callAction } from './ask.js';
import { form } from './fields.js';
import { onScreen } from './page.js';
import { phrase } from './wording.js';

const SUGGEST_MS = 300;

onScreen(() => {
  for (const select of form()?.querySelectorAll('select.da-combobox') ?? []) new Combobox(select);
  for (const input of form()?.querySelectorAll('input.da-ajax-combobox') ?? []) new Combobox(input);
}, { isFirst: true });

class Combobox {
  /** From a select, or from a text input whose options come from an action of the interview while somebody types. */
  constructor(replaced) {
    const options = [...(replaced.options ?? [])];
    this.options = options.filter((option) => option.value !== '').map((option) => [option.value, option.text]);
    this.action = replaced.dataset.action ?? '';
    this.trigger = Number(replaced.dataset.trig ?? 0);
    this.hint = replaced.placeholder ?? (options[0]?.value === '' ? options[0].text : '');
    const chosen = replaced.value;
    this.build(replaced);
    this.choose(chosen, { silently: true });
    replaced.replaceWith(this.container);
  }

  build(replaced) {
    this.container = document.createElement('div');
    this.container.className = 'combobox-container';
    this.input = document.createElement('input');
    Object.assign(this.input, { type: 'text', className: 'form-control', id: replaced.id, autocomplete: 'off', alt: 'Input box' });
    this.input.placeholder = this.hint;
    this.input.required = replaced.required;
    this.input.disabled = replaced.disabled;
    this.input.setAttribute('role', 'combobox');
    this.input.setAttribute('aria-expanded', 'false');
    this.input.setAttribute('aria-autocomplete', 'list');
    this.input.setAttribute('aria-controls', `${replaced.id}-list`);
    for (const name of ['aria-describedby', 'aria-labelledby', 'aria-invalid', 'aria-required']) {
      if (replaced.hasAttribute(name)) this.input.setAttribute(name, replaced.getAttribute(name));
    }
    this.input.classList.toggle('is-invalid', replaced.classList.contains('is-invalid'));
    this.button = document.createElement('button');
    Object.assign(this.button, { type: 'button', className: 'dacomboboxtoggle', tabIndex: -1 });
    this.button.setAttribute('aria-label', phrase('Show the list'));
    this.button.setAttribute('aria-hidden', 'true');
    this.button.innerHTML = '<i class="bi bi-chevron-down" aria-hidden="true"></i>';
    this.list = document.createElement('ul');
    this.list.className = 'dropdown-menu';
    this.list.id = `${replaced.id}-list`;
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', phrase('Suggestions'));
    this.hidden = document.createElement('input');
    Object.assign(this.hidden, { type: 'hidden', name: replaced.name, disabled: replaced.disabled });
    this.container.append(this.hidden, this.input, this.button, this.list);
    this.listen();
  }

  listen() {
    this.input.addEventListener('input', () => {
      this.write(this.input.value);
      if (this.action) this.askForOptions(this.input.value);
      else this.open(this.input.value);
    });
    this.input.addEventListener('keydown', (event) => this.key(event));
    this.input.addEventListener('blur', () => setTimeout(() => this.close(), 150));
    this.button.addEventListener('mousedown', (event) => event.preventDefault());
    this.button.addEventListener('click', () => {
      if (this.list.classList.contains('show')) this.close();
      else this.open('');
      this.input.focus();
    });
    this.list.addEventListener('mousedown', (event) => event.preventDefault());
    this.list.addEventListener('click', (event) => {
      const item = event.target.closest('.dropdown-item');
      event.preventDefault();
      if (item) this.choose(item.dataset.value);
    });
    this.container.addEventListener('da:choose', (event) => this.choose(event.detail, { silently: true }));
    this.container.addEventListener('da:choices', (event) => {
      this.options = event.detail;
      if (!this.options.some(([value]) => value === this.hidden.value)) this.choose('', { silently: true });
    });
  }

  /** What was typed: the value of the option that reads so, else the text itself. */
  write(text) {
    const wanted = text.trim().toLowerCase();
    const found = this.options.find(([, label]) => label.trim().toLowerCase() === wanted);
    this.hidden.value = found ? found[0] : text;
  }

  choose(value, { silently = false } = {}) {
    const found = this.options.find(([key]) => key === value);
    this.hidden.value = value;
    this.input.value = found ? found[1] : value;
    this.close();
    if (!silently) $(this.input).trigger('change');
  }

  open(filter) {
    const wanted = filter.trim().toLowerCase();
    const fitting = this.options.filter(([, label]) => label.toLowerCase().includes(wanted));
    this.list.replaceChildren(
      ...fitting.map(([value, label], number) => {
        const item = document.createElement('li');
        item.setAttribute('role', 'presentation');
        const link = document.createElement('a');
        Object.assign(link, { className: 'dropdown-item', href: '#', textContent: label, tabIndex: -1 });
        link.dataset.value = value;
        link.id = `${this.list.id}-${number}`;
        link.setAttribute('role', 'option');
        link.setAttribute('aria-selected', 'false');
        item.append(link);
        return item;
      }),
    );
    this.input.removeAttribute('aria-activedescendant');
    this.list.classList.toggle('show', fitting.length > 0);
    this.input.setAttribute('aria-expanded', String(fitting.length > 0));
  }

  close() {
    this.list.classList.remove('show');
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }

  /** Mark one option, so that Enter chooses it; the focus stays in the input. */
  mark(items, next) {
    for (const [number, item] of items.entries()) item.setAttribute('aria-selected', String(number === next));
    if (!items[next]) return;
    this.input.setAttribute('aria-activedescendant', items[next].id);
    items[next].scrollIntoView({ block: 'nearest' });
  }

  key(event) {
    const items = [...this.list.querySelectorAll('.dropdown-item')];
    const at = items.findIndex((item) => item.getAttribute('aria-selected') === 'true');
    if (event.key === 'Escape') {
      this.close();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.list.classList.contains('show')) {
        this.open('');
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.mark(items, at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length);
    } else if (event.key === 'Enter' && at >= 0 && this.list.classList.contains('show')) {
      event.preventDefault();
      this.choose(items[at].dataset.value);
    }
  }

  /** Ask the interview's action what begins like this; it answers with labels, or with pairs of value and label. */
  askForOptions(words) {
    clearTimeout(this.timer);
    if (words.length < this.trigger) {
      this.close();
      return;
    }
    this.timer = setTimeout(() => {
      callAction(this.action, { wordstart: words }, (found) => {
        if (!Array.isArray(found) || this.input.value !== words) return;
        this.options = found.map((one) => (Array.isArray(one) ? [String(one[0]), String(one[1])] : [String(one), String(one)]));
        this.write(words);
        this.open('');
      }, { isReadOnly: true });
    }, SUGGEST_MS);
  }
}
