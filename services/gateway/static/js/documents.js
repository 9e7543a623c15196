// Documents of a screen: the button that has them sent by e-mail.

import { isBusy, performAction } from './ask.js';
import { atou, encodedAction } from './encoding.js';

export function sendDocuments(event) {
  const address = document.getElementById('da-mail-address');
  event.preventDefault();
  if (isBusy() || !address.reportValidity()) return;
  if (!address.value.trim()) {
    address.focus();
    return;
  }
  const { action, arguments: args } = JSON.parse(atou(event.currentTarget.dataset.mailAction));
  const editable = document.getElementById('da-mail-editable');
  const includes = editable ? editable.checked : args.includes_editable;
  performAction(encodedAction(action, { ...args, address: address.value.trim(), includes_editable: includes }));
}
