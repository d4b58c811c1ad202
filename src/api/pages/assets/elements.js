// Making elements. Everything that came from somewhere is text, never markup.

/** `element('p.soft', { hidden: true }, 'text', …)`: properties, or attributes where there is no such property; children. */
export function element(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const made = document.createElement(tag);
  if (classes.length > 0) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name in made && name !== 'list') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat(2).filter(child => child !== undefined && child !== false));
  return made;
}
