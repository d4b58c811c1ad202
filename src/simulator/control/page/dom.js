// Making and updating elements. Everything that came from somewhere is text, never markup.

export const $ = id => document.getElementById(id);

/** `el('button.primary', { type: 'button', onclick }, 'Send', …)`: properties, `data`, `aria-…` attributes, children. */
export function el(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'data') Object.assign(element.dataset, value);
    else if (name in element && name !== 'list' && !name.startsWith('aria-')) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(
    ...children.flat().filter(child => child !== undefined && child !== null && child !== false),
  );
  return element;
}

/**
 * Shows items as the children of `list`, one element each. An element is kept while what `make` is given looks the same,
 * so that focus, selection and scrolling survive.
 */
export function show(list, items, keyOf, make) {
  const before = new Map([...list.children].map(child => [child.dataset.key, child]));
  const focused = document.activeElement?.closest('[data-key]');
  const after = items.map(item => {
    const key = String(keyOf(item));
    const looks = JSON.stringify(item);
    const old = before.get(key);
    if (old && old.looks === looks) return old;
    const element = make(item);
    element.dataset.key = key;
    element.looks = looks;
    return element;
  });
  if (after.length === list.children.length && after.every((one, index) => one === list.children[index]))
    return;
  const focusedKey = focused?.parentElement === list ? focused.dataset.key : undefined;
  list.replaceChildren(...after);
  if (focusedKey === undefined || document.activeElement !== document.body) return;
  const again = after.find(one => one.dataset.key === focusedKey);
  (again?.matches('button') ? again : again?.querySelector('button'))?.focus();
}

/** Runs `work` at most once per frame, however often the returned function is called. */
export function perFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** Says something at the bottom of the page for a moment; a failure stays longer. */
export function say(text, failed = false) {
  const said = $('said');
  said.textContent = text;
  said.classList.toggle('bad', failed);
  said.hidden = false;
  clearTimeout(said.timer);
  said.timer = setTimeout(
    () => {
      said.hidden = true;
    },
    failed ? 10_000 : 3_000,
  );
}

/** Runs what a person asked for and says why it failed. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}

/** What a form holds, without what was left empty. */
export function valuesOf(form) {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));
}
