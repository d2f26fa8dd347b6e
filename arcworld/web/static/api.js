// Requests to the server, and the message when one fails.

const PATIENCE = 60_000;
const token = new URLSearchParams(location.search).get("token") ?? "";
let hiding = 0;

export async function get(name, words = {}) {
  const headers = { "x-arcworld-token": token };
  const address = `/api/${name}?${new URLSearchParams(words)}`;
  return answer(fetch(address, { headers, signal: AbortSignal.timeout(PATIENCE) }));
}

export async function post(name, body = {}) {
  const headers = { "content-type": "application/json", "x-arcworld-token": token };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  return answer(fetch(`/api/${name}`, { ...request, signal: AbortSignal.timeout(PATIENCE) }));
}

/** Tell the server while the page closes; no answer is awaited. */
export function farewell(name, body) {
  const address = `/api/${name}?${new URLSearchParams({ token })}`;
  navigator.sendBeacon(address, JSON.stringify(body));
}

async function answer(pending) {
  let response;
  try {
    response = await pending;
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Error(late ? "no answer in a minute" : "the server does not answer; start `arcworld view` again");
  }
  const reply = await response.json().catch(() => ({ error: `an answer of status ${response.status}` }));
  if (!response.ok) throw new Error(reply.error);
  return reply;
}

/** Show one line for a while; screen readers read it. */
export function trouble(error) {
  const place = document.getElementById("trouble");
  place.textContent = error.message ?? String(error);
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 6000);
}

/** Say a line to a screen reader. */
export function say(line) {
  document.getElementById("says").textContent = line;
}
