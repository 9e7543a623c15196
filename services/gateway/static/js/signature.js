// A signature drawn on the canvas, sent as a picture.

import { beforeSending } from './form.js';
import { onScreen } from './page.js';
import { phrase } from './wording.js';

let drawing = null;

onScreen(() => {
  const canvas = document.getElementById('dasigcanvas');
  drawing = canvas ? new Drawing(canvas) : null;
  if (drawing) replaceButton(document.querySelector('button.dasigsave'));
});

beforeSending(signatureProblem);

/** Scripts of authors know what saves a signature as a link; without scripts it is the button that sends the form. */
function replaceButton(button) {
  if (!button || button.disabled) return;
  const link = document.createElement('a');
  Object.assign(link, { id: button.id, className: button.className, href: '#', role: 'button' });
  link.append(...button.childNodes);
  button.replaceWith(link);
  $(link).on('click keydown', (event) => {
    if (event.type === 'keydown' && event.key !== ' ') return; // links are pressed with Enter only
    event.preventDefault();
    $('#daform').trigger('submit');
  });
}

class Drawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.isEmpty = true;
    this.isDown = false;
    this.fit();
    canvas.addEventListener('pointerdown', (event) => this.begin(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    for (const end of ['pointerup', 'pointercancel', 'pointerleave']) {
      canvas.addEventListener(end, () => {
        this.isDown = false;
      });
    }
    canvas.addEventListener('da:redraw', (event) => this.redraw(event.detail));
    $('#dasigclear').on('click', () => this.clear());
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    this.canvas.width = box.width * ratio;
    this.canvas.height = box.height * ratio;
    this.pen = this.canvas.getContext('2d');
    this.pen.scale(ratio, ratio);
    this.pen.lineWidth = 2.5;
    this.pen.lineCap = 'round';
    this.pen.lineJoin = 'round';
    this.pen.strokeStyle = this.canvas.dataset.penColor || '#0b1f66';
    this.pen.fillStyle = this.pen.strokeStyle;
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  begin(event) {
    const [x, y] = this.at(event);
    this.isDown = true;
    this.isEmpty = false;
    this.canvas.dataset.drawn = '';
    this.pen.beginPath();
    this.pen.arc(x, y, 1.25, 0, 2 * Math.PI);
    this.pen.fill();
    this.pen.beginPath();
    this.pen.moveTo(x, y);
    this.canvas.setPointerCapture?.(event.pointerId);
    showError('');
  }

  move(event) {
    if (!this.isDown) return;
    this.pen.lineTo(...this.at(event));
    this.pen.stroke();
  }

  clear() {
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.isEmpty = true;
    delete this.canvas.dataset.drawn;
  }

  /** The drawing of the canvas that was here before the same screen was shown anew. */
  redraw(picture) {
    const box = this.canvas.getBoundingClientRect();
    this.pen.drawImage(picture, 0, 0, box.width, box.height);
    this.isEmpty = false;
    this.canvas.dataset.drawn = '';
  }
}

function showError(text) {
  const place = document.getElementById('dasigerror');
  place.textContent = text;
  place.classList.toggle('d-block', text !== '');
}

/** Put the picture into the form; true when it must not be sent because nothing was drawn. */
function signatureProblem() {
  if (!drawing) return false;
  const isOptional = drawing.canvas.dataset.required === '0';
  if (drawing.isEmpty && !isOptional) {
    showError(phrase('You must sign your name to continue.'));
    return true;
  }
  document.getElementById('_the_image').value = drawing.isEmpty ? '' : drawing.canvas.toDataURL('image/png');
  document.getElementById('_success').value = drawing.isEmpty ? '0' : '1';
  return false;
}
