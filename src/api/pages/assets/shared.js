// What the pages of devices share. Texts and attributes are set, never markup: names of accounts are written by strangers.
export const problem = document.querySelector('.problem');
export const { base } = document.documentElement.dataset;
/** Starts the pairing of a device; resolves with what POST /device/login answers. */
export const login = async fields => {
  const response = await fetch(`${base}/device/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer.results;
};
/** Does the work with the button disabled, and shows what it fails with. */
export const attempt = async (button, work) => {
  button.disabled = true;
  problem.textContent = '';
  try {
    await work();
  } catch (error) {
    problem.textContent = error.message;
  }
  button.disabled = false;
};
