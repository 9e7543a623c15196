// Pictures made smaller, or of another kind, before they are sent (spec/area4 §2.5: `maximum image size`).
//
// Done when they are chosen, so that sending need not wait. What cannot be read as a picture is sent as it is.

import { onScreen } from './page.js';

const KINDS = { jpeg: 'image/jpeg', jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };
const ENDINGS = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' };

onScreen(() => {
  $('input[type=file][data-maximagesize], input[type=file][data-imagetype]').on('change', (event) => prepare(event.target));
});

async function prepare(input) {
  const given = [...input.files];
  const limit = Number(input.dataset.maximagesize) || Infinity;
  const kind = KINDS[(input.dataset.imagetype || '').toLowerCase()];
  const made = await Promise.all(given.map((file) => smaller(file, limit, kind)));
  const isSame = input.files.length === given.length && given.every((file, place) => file === input.files[place]);
  if (!isSame || made.every((file, place) => file === given[place])) return;
  const chosen = new DataTransfer();
  made.forEach((file) => chosen.items.add(file));
  input.files = chosen.files;
}

async function smaller(file, limit, wantedKind) {
  if (!file.type.startsWith('image/') || file.type === 'image/svg+xml') return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, limit / Math.max(picture.width, picture.height));
  const kind = wantedKind || (ENDINGS[file.type] ? file.type : 'image/png');
  if (scale === 1 && kind === file.type) return file;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext('2d');
  if (kind === 'image/jpeg') {
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
  }
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const data = await new Promise((resolve) => canvas.toBlob(resolve, kind, 0.9));
  if (!data) return file;
  return new File([data], `${file.name.replace(/\.[^.]*$/, '')}.${ENDINGS[kind]}`, { type: kind });
}
