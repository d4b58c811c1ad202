// What is in view: on a narrow window one column at a time; tabs; the drawer with the details.
import { $ } from './dom.js';

const desk = $('desk');
const tabs = [...document.querySelectorAll('[role=tab]')];

/** `people`, `chats` or `conversation`. Wide windows show all three. */
export function view(name) {
  desk.dataset.view = name;
}

export function showDetails(open) {
  desk.dataset.details = open ? 'open' : 'closed';
  $('toggle-details').setAttribute('aria-expanded', String(open));
}

function chooseTab(chosen, focus = false) {
  for (const tab of tabs) {
    const is = tab === chosen;
    tab.setAttribute('aria-selected', String(is));
    tab.tabIndex = is ? 0 : -1;
    $(tab.getAttribute('aria-controls')).hidden = !is;
  }
  if (focus) chosen.focus();
}

export function openTab(name) {
  chooseTab($(`tab-${name}`));
  showDetails(true);
}

export function startLayout() {
  showDetails(window.matchMedia('(min-width: 75rem)').matches);
  $('toggle-details').addEventListener('click', () => showDetails(desk.dataset.details !== 'open'));
  for (const back of document.querySelectorAll('.back'))
    back.addEventListener('click', () => (back.dataset.to ? view(back.dataset.to) : showDetails(false)));
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => chooseTab(tab));
    tab.addEventListener('keydown', event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) chooseTab(tabs[(index + step + tabs.length) % tabs.length], true);
    });
  }
}
