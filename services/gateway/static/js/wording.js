// What the page says by itself, in the language of the screen. What differs from English comes with the screen.

import { current } from './page.js';

export function phrase(text, value = '') {
  return (current.page?.phrases?.[text] ?? text).replace('%s', value);
}
