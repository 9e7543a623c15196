// The same screen shown anew: what somebody typed stays, with focus and caret, wherever the server's own value did not
// change. Fields with a new value from the server show that.

const CONTROLS = 'input[name], input[id], select, textarea';
const NOT_KEPT = new Set(['button', 'submit', 'image', 'reset', 'file']);

let defaults = new Map();
let uncommitted = null;

// An input is uncommitted while it has been typed into and its change event is still to come.
document.addEventListener('input', (event) => { uncommitted = event.target; }, true);
document.addEventListener('change', () => { uncommitted = null; }, true);

function form(root) {
  return root.querySelector('#daform');
}

function keyOf(control) {
  return control.name || control.id;
}

/** All inputs of the form that a person fills in, by name. A combobox has its value in a hidden input. */
function controls(root) {
  const found = [...(form(root)?.querySelectorAll(CONTROLS) ?? [])];
  return found.filter((control) => {
    if (control.type === 'hidden') return control.closest('.combobox-container') !== null;
    if (control.closest('.combobox-container')) return false;
    return keyOf(control) && !NOT_KEPT.has(control.type) && control.closest('.da-field-container') !== null;
  });
}

/** What the server put into the form, read before anything of ours touches it. */
export function noteDefaults(root) {
  defaults = new Map();
  for (const control of controls(root)) {
    const key = keyOf(control);
    if (control.type === 'radio') {
      defaults.set(key, { value: control.defaultChecked ? control.value : (defaults.get(key)?.value ?? null) });
    } else if (control.type === 'checkbox') {
      defaults.set(key, { value: control.defaultChecked });
    } else if (control.tagName === 'SELECT') {
      const chosen = [...control.options].filter((option) => option.defaultSelected).map((option) => option.value);
      if (!control.multiple && chosen.length === 0) chosen.push(control.options[0]?.value ?? '');
      defaults.set(key, { value: control.multiple ? chosen : chosen.at(-1), options: optionsOf(control) });
    } else {
      defaults.set(key, { value: control.defaultValue });
    }
  }
}

function optionsOf(select) {
  return [...select.options].map((option) => [option.value, option.text]);
}

function valueOf(control) {
  if (control.type === 'checkbox') return control.checked;
  if (control.tagName === 'SELECT' && control.multiple) return [...control.selectedOptions].map((option) => option.value);
  return control.value;
}

function isEqual(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Everything that would be lost if the form were replaced now. */
export function keep(root) {
  const typed = new Map();
  for (const control of controls(root)) {
    const key = keyOf(control);
    const given = defaults.get(key);
    if (!given) continue;
    if (control.type === 'radio') {
      if (control.checked && control.value !== given.value) typed.set(key, { value: control.value });
      continue;
    }
    const options = control.tagName === 'SELECT' ? optionsOf(control) : undefined;
    const state = { value: valueOf(control) };
    if (options && given.options && !isEqual(options, given.options)) state.options = options;
    if (state.options || !isEqual(state.value, given.value)) typed.set(key, state);
  }
  return {
    defaults,
    typed,
    files: [...root.querySelectorAll('#daform input[type=file]')].filter((input) => input.files.length > 0),
    drawing: root.querySelector('#dasigcanvas[data-drawn]'),
    revealed: Number(root.querySelector('#dacollectrevealed')?.value ?? 0),
    deleted: [...root.querySelectorAll('.dacollect-deleted')].map((element) => element.dataset.collectIndex),
    focus: focusIn(root),
  };
}

function focusIn(root) {
  const element = document.activeElement;
  if (!element || element === document.body || !root.contains(element)) return null;
  const caret = {};
  try {
    Object.assign(caret, { start: element.selectionStart, end: element.selectionEnd, direction: element.selectionDirection });
  } catch {
    // Inputs of some types have no caret that could be asked for.
  }
  return { id: element.id, name: element.name, value: element.value, ...caret, scroll: element.scrollTop, isUncommitted: uncommitted === element };
}

/** Put it into the new form, before its widgets are made; call `afterwards()` when they are. */
export function restore(root, kept) {
  const wanted = new Map();
  for (const [key, state] of kept.typed) if (isEqual(kept.defaults.get(key), defaults.get(key))) wanted.set(key, state);
  for (const control of controls(root)) {
    const state = wanted.get(keyOf(control));
    if (!state) continue;
    if (control.type === 'radio') control.checked = control.value === state.value;
    else if (control.type === 'checkbox') control.checked = state.value;
    else if (control.tagName === 'SELECT') choose(control, state);
    else control.value = state.value;
  }
  for (const input of kept.files) {
    const place = input.name && root.querySelector(`#daform input[type=file][name="${CSS.escape(input.name)}"]`);
    if (place) place.files = input.files;
  }
  return { afterwards: () => afterwards(root, kept, wanted) };
}

function choose(select, state) {
  if (state.options) select.replaceChildren(...state.options.map(([value, label]) => new Option(label, value)));
  const values = [].concat(state.value);
  const known = new Set([...select.options].map((option) => option.value));
  if (select.multiple) for (const option of select.options) option.selected = values.includes(option.value);
  else if (known.has(state.value)) select.value = state.value;
}

/** What only widgets can take: a combobox's own words, a drawing, deleted rows; then the focus. */
function afterwards(root, kept, wanted) {
  for (const hidden of root.querySelectorAll('#daform .combobox-container input[type=hidden]')) {
    const state = wanted.get(hidden.name);
    if (!state || hidden.value === state.value) continue;
    hidden.closest('.combobox-container').dispatchEvent(new CustomEvent('da:choose', { detail: state.value }));
    $(hidden).trigger('input'); // conditions look again; nothing is told to the server
  }
  const shown = root.querySelector('#dacollectrevealed');
  for (let more = Number(shown?.value ?? 0); shown && more < kept.revealed; more += 1) {
    root.querySelector('.dacollectadd')?.dispatchEvent(new CustomEvent('da:reveal', { bubbles: true }));
  }
  for (const index of kept.deleted) {
    root.querySelector(`.dacollect[data-collect-index="${CSS.escape(index)}"]:not(.dacollect-deleted) .dacollectremove`)?.click();
  }
  const canvas = root.querySelector('#dasigcanvas');
  if (kept.drawing && canvas) canvas.dispatchEvent(new CustomEvent('da:redraw', { detail: kept.drawing }));
  if (kept.focus) focusAgain(root, kept.focus);
}

function focusAgain(root, { id, name, value, start, end, direction, scroll, isUncommitted }) {
  const element = (id && document.getElementById(id)) || (name && root.querySelector(`[name="${CSS.escape(name)}"]`));
  if (!element || !root.contains(element)) return;
  element.focus({ preventScroll: true });
  if (element.value !== value) return;
  element.scrollTop = scroll;
  try {
    if (start !== null && start !== undefined) element.setSelectionRange(start, end, direction);
  } catch {
    // No caret to be set.
  }
  if (isUncommitted) announceChangeLater(element);
}

/** The browser no longer knows that this input was typed into: when it is left, its change is told all the same. */
function announceChangeLater(element) {
  uncommitted = element;
  element.addEventListener('blur', () => {
    if (uncommitted === element && element.isConnected) $(element).trigger('change');
  }, { once: true });
}
