// Base64 of UTF-8 text, as names of inputs and actions travel.

export function utoa(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

export function atou(encoded) {
  const padded = encoded.replace(/-/g, '+').replace(/_/g, '/') + '='.repeat((4 - (encoded.length % 4)) % 4);
  return new TextDecoder().decode(Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0)));
}

export function encodedName(variable) {
  return utoa(variable).replace(/=+$/, '');
}

export function encodedAction(action, args) {
  return encodedName(JSON.stringify({ action, arguments: args ?? {} }));
}

/** An id for one intent: the server handles what carries the same id once. */
export function newOperation() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The variable an input stands for: `fruits[B'YXBwbGU=']` in its name becomes `fruits['apple']`. */
export function variableOfName(name) {
  let variable;
  try {
    variable = atou(name);
  } catch {
    return null;
  }
  return variable.replace(/\[([BRO])'([^']*)'\]/g, (whole, kind, key) => {
    try {
      const text = atou(key);
      return kind === 'R' ? `[${text}]` : `['${text}']`;
    } catch {
      return whole;
    }
  });
}
