'use strict';
// The audit screen: reads trails over the same API as everyone else. Text only ever reaches the page through textContent.

const $ = id => document.getElementById(id);
const PAGE_ROWS = 50;
// A page may come short or empty once its work is spent; so many are put together before the reader is asked to go on.
const REQUESTS_FOR_ONE_PAGE = 20;
const EVENT_TYPES = ['SERVICE_REQUEST', 'SIGNED_PRE_COMMAND', 'SERVICE_RESPONSE', 'ACKNOWLEDGEMENT', 'PRE_COMMAND',
  'DEVICE_ALERT', 'DCC_ALERT'];
const KNOWN_ROLES = ['IS', 'ES', 'GS', 'RSA', 'ED', 'GT', 'OU'];
const VIEW_NOTES = {
  device: 'Everything you may see about one device.',
  owned: 'All devices you are responsible for, over the time they have been yours.',
  own: 'What you yourself sent or received, on any device or none.',
};

let token = '';
let titles = new Map();
let chosenSrvs = [];
let cursors = [];      // cursors[i] leads to page i; the first is empty
let shownCrossUser = null;
let nextCursor = '';
let running = null;    // AbortController of the query under way
let lastAsOf = null;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ---- Token ------------------------------------------------------------------------------------------------------------

function claimsOf(jwt) {
  try {
    const part = jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), c => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function describe(claims) {
  const ids = Array.isArray(claims.user_ids) ? claims.user_ids.length : 0;
  const parts = [`Party ${claims.party_id}`, `role ${claims.user_role}`, `${ids} user ID${ids === 1 ? '' : 's'}`];
  if (String(claims.scope).split(' ').includes('sat:report')) parts.push('report credential');
  if (claims.exp) {
    const end = new Date(claims.exp * 1000);
    const soon = end - Date.now() < 86400000;
    parts.push(`until ${soon ? end.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'}) : end.toLocaleDateString()}`);
  }
  return parts.join(' · ');
}

function useToken(text) {
  const claims = claimsOf(text);
  if (!claims) return askToken('That is not a token: it should have three parts separated by dots.');
  token = text;
  sessionStorage.setItem('satindex.token', token);
  $('who').textContent = describe(claims);
  $('identity').hidden = false;
  $('token-form').hidden = true;
  $('app').hidden = false;
  loadVariants();
  return true;
}

function askToken(why) {
  token = '';
  sessionStorage.removeItem('satindex.token');
  $('identity').hidden = true;
  $('app').hidden = true;
  $('token-form').hidden = false;
  $('token-error').hidden = !why;
  $('token-error').textContent = why || '';
  $('token').value = '';
  $('token').focus();
  return false;
}

// ---- Requests ---------------------------------------------------------------------------------------------------------

class Problem extends Error {
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

async function ask(path, accept, signal) {
  const answer = await fetch(path, {headers: {Authorization: `Bearer ${token}`, Accept: accept}, cache: 'no-store', signal});
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, problem.detail || answer.statusText, Number(answer.headers.get('Retry-After')) || 0);
}

async function loadVariants() {
  if (titles.size) return;
  try {
    const {variants} = await (await ask('/v1/service-request-variants', 'application/json')).json();
    titles = new Map(variants.map(v => [v.srv, v.title]));
    $('srvs').replaceChildren(...variants.map(v => {
      const option = element('option', v.title);
      option.value = `${v.srv} ${v.title}`;
      return option;
    }));
    drawChosen();
  } catch {
    // Without titles the field still takes numbers.
  }
}

// ---- Query ------------------------------------------------------------------------------------------------------------

const view = () => document.querySelector('input[name=view]:checked').value;

function normalDevice(text) {
  const hex = text.trim().replace(/[\s:-]/g, '').toUpperCase();
  return /^[0-9A-F]{16}$/.test(hex) ? hex.match(/../g).join('-') : null;
}

// "2026-11-20T10:15" of a datetime-local field, which leaves out zero seconds.
const asTime = local => local && `${local.length === 16 ? `${local}:00` : local}Z`;

function filters() {
  const out = new Map();
  const range = $('range').value;
  if (range === 'custom') {
    if ($('from').value) out.set('from', asTime($('from').value));
    if ($('to').value) out.set('to', asTime($('to').value));
  } else if (range) {
    const from = new Date(Date.now() - Number(range) * 1000);
    out.set('from', `${from.toISOString().slice(0, 19)}Z`);
  }
  if ($('event-type').value) out.set('eventType', $('event-type').value);
  // Known roles in any case; a role that is new may be written in another way.
  const roles = $('role').value.split(',').map(r => r.trim()).filter(Boolean)
      .map(r => KNOWN_ROLES.includes(r.toUpperCase()) ? r.toUpperCase() : r);
  if (roles.length) out.set('userRole', roles.join(','));
  if (chosenSrvs.length) out.set('srv', chosenSrvs.join(','));
  if ($('request').value.trim()) out.set('requestId', $('request').value.trim());
  if ($('others-only').checked) out.set('othersOnly', 'true');
  return out;
}

function address(parameters) {
  const which = view();
  const all = new Map(parameters);
  if (which !== 'device') all.set('scope', which);
  // Not URLSearchParams: it writes a space as '+', which here is a plus.
  const query = [...all].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const path = which === 'device' ? `/v1/devices/${normalDevice($('device').value)}/audit-trail` : '/v1/audit-trail';
  return query ? `${path}?${query}` : path;
}

function checkDevice() {
  const bad = view() === 'device' && !normalDevice($('device').value);
  $('device-error').hidden = !bad;
  $('device-error').textContent = 'A device ID has eight pairs of hex digits, such as 00-DB-12-34-56-78-90-A0.';
  $('device').setAttribute('aria-invalid', String(bad));
  if (bad) $('device').focus();
  return !bad;
}

let shownFilters = new Map();  // those of the list on the screen; the form may have moved on

function show() {
  addSrv();
  if (!checkDevice()) return;
  if (view() === 'device') $('device').value = normalDevice($('device').value);
  shownFilters = filters();
  cursors = [''];
  shownCrossUser = null;
  rememberInAddress();
  load(0);
}

// Fetches until a page is full, the trail has ended, or enough requests were made.
async function gather(cursor, signal) {
  const rows = [];
  let answer = null;
  for (let i = 0; i < REQUESTS_FOR_ONE_PAGE && rows.length < PAGE_ROWS; ++i) {
    const parameters = new Map(shownFilters);
    parameters.set('limit', String(PAGE_ROWS - rows.length));
    if (cursor) parameters.set('cursor', cursor);
    answer = await (await ask(address(parameters), 'application/json', signal)).json();
    rows.push(...answer.entries);
    const key = `${answer.crossUser}${answer.pending ? '+pending' : ''}`;
    if (shownCrossUser !== null && key !== shownCrossUser) throw new Problem(0, 'changed', 0);
    shownCrossUser = key;
    cursor = answer.nextCursor || '';
    if (!cursor) break;
    $('status').textContent = `Searching … back to ${rows.length ? rows[rows.length - 1].timestamp.slice(0, 10) : 'older records'}`;
  }
  return {...answer, entries: rows, nextCursor: cursor};
}

async function load(page, notice) {
  if (running) running.abort();
  const mine = running = new AbortController();
  $('status').textContent = 'Loading …';
  $('table').classList.add('busy');
  $('older').disabled = $('newer').disabled = true;
  try {
    const answer = await gather(cursors[page], mine.signal);
    cursors.length = page + 1;
    draw(answer, page, notice);
  } catch (e) {
    if (mine.signal.aborted) return;
    if (e instanceof Problem && e.message === 'changed') {
      cursors = [''];
      shownCrossUser = null;
      return load(0, 'What may be shown has changed meanwhile, so the list begins again.');
    }
    failed(e, page);
  } finally {
    if (running === mine) running = null;
    $('table').classList.remove('busy');
  }
}

function failed(e, page) {
  if (e.status === 401) return askToken(`The token is not accepted: ${e.message}`);
  $('table').hidden = $('paging').hidden = $('download').hidden = true;
  $('as-of').textContent = '';
  const text = !(e instanceof Problem) ? 'The service cannot be reached.' :
      e.status === 403 ? 'Your credential does not allow this view.' :
      e.status === 503 ? 'The service is not ready to answer yet.' : e.message;
  $('status').textContent = '';
  banners([[`${text} `, 'warn', 'Try again', () => load(page)]]);
}

// ---- Results ----------------------------------------------------------------------------------------------------------

function banners(list) {
  $('banners').replaceChildren(...list.map(([text, kind, action, run]) => {
    const made = element('div', text, `banner ${kind}`);
    if (kind === 'warn') made.setAttribute('role', 'alert');
    if (action) {
      const button = element('button', action, 'quiet');
      button.type = 'button';
      button.addEventListener('click', run);
      made.append(button);
    }
    return made;
  }));
}

function bannersFor(answer, notice) {
  const list = [];
  if (notice) list.push([notice, '']);
  if (answer.crossUser === 'withheld') {
    list.push(['Other Users’ records are withheld at the moment, because it cannot be shown that the ownership data is up to ' +
               'date. Your own records are complete.', 'warn']);
  }
  if (answer.crossUser === 'none' && view() !== 'own') list.push(['Only your own records are shown here.', '']);
  if (answer.partial) list.push(['Records of some of your devices may be missing from this list. The view of one device is not affected.', 'warn']);
  if (answer.pending) list.push(['Late ownership data is still being worked in: records of some devices may be added shortly.', 'warn']);
  return list;
}

function cell(row, label, ...content) {
  const made = document.createElement('td');
  if (content.some(Boolean)) {
    made.append(...content.filter(Boolean));
    if (label) made.dataset.label = label;
  }
  row.append(made);
}

function link(text, className, title, run) {
  const made = element('button', text, `link ${className}`);
  made.type = 'button';
  made.title = title;
  made.addEventListener('click', run);
  return made;
}

const sentence = name => name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' ');

function drawRow(e) {
  const row = element('tr', undefined, e.own ? 'own' : 'other');
  const time = element('time', e.timestamp.replace('T', ' ').replace('Z', ''));
  time.dateTime = e.timestamp;
  time.title = `${new Date(e.timestamp).toLocaleString()} local time`;
  cell(row, '', time);
  cell(row, '', element('span', e.own ? 'Own' : 'Other User', 'badge'));
  cell(row, '', element('span', e.userId, 'mono'), element('small', e.userRole));
  const srv = e.serviceReferenceVariant;
  cell(row, '', srv && element('strong', srv), srv && ` ${e.title || ''}`,
    e.commandVariant !== undefined && element('small', `variant ${e.commandVariant}`));
  cell(row, '', sentence(e.eventType));
  const device = e.deviceId && link(e.deviceId, 'mono', 'Show this device', () => openDevice(e.deviceId));
  cell(row, 'Device', device, (e.deviceType || e.smetsVersion) && element('small', [e.deviceType, e.smetsVersion].filter(Boolean).join(' · ')));
  row.lastChild.classList.add('device-col');
  cell(row, 'Response', e.responseCode && element('span', e.responseCode, 'mono'));
  cell(row, 'Request', e.requestId && link(e.requestId, 'mono long', 'Show what belongs to this request', () => openRequest(e.requestId)));
  return row;
}

function ago(time) {
  const s = Math.round((Date.now() - Date.parse(time)) / 1000);
  return s < 120 ? `${Math.max(0, s)} s ago` : s < 7200 ? `${Math.round(s / 60)} min ago` : time;
}

function drawAsOf() {
  if (!lastAsOf) return;
  const parts = [];
  if (lastAsOf.events) parts.push(`events as of ${lastAsOf.events.slice(11, 19)} UTC`);
  if (lastAsOf.ownership) parts.push(`ownership as of ${lastAsOf.ownership.slice(11, 19)} UTC (${ago(lastAsOf.ownership)})`);
  $('as-of').textContent = parts.join(' · ');
}

function draw(answer, page, notice) {
  banners(bannersFor(answer, notice));
  $('rows').replaceChildren(...answer.entries.map(drawRow));
  const count = answer.entries.length;
  $('table').hidden = count === 0;
  $('table').classList.toggle('one-device', view() === 'device');
  nextCursor = answer.nextCursor;
  const whose = answer.entries.filter(e => !e.own).length;
  $('status').textContent = count ? `${count} record${count === 1 ? '' : 's'}, ${whose} of other Users${nextCursor ? '' : '; the end of the list'}.` :
      nextCursor ? 'Nothing found so far; older records have not been searched yet.' : 'There is nothing to show for this choice.';
  lastAsOf = answer.asOf;
  drawAsOf();
  $('paging').hidden = !nextCursor && page === 0;
  $('older').disabled = !nextCursor;
  $('newer').disabled = page === 0;
  $('page-number').textContent = `Page ${page + 1}`;
  $('download').hidden = view() === 'owned';
}

function openDevice(device) {
  document.querySelector('input[name=view][value=device]').checked = true;
  $('device').value = device;
  drawView();
  show();
  $('results').focus();
}

function openRequest(request) {
  $('request').value = request;
  $('request-field').hidden = false;
  show();
}

async function download() {
  $('download').disabled = true;
  try {
    const answer = await ask(address(new Map([...shownFilters, ['format', 'csv']])), 'text/csv');
    const save = document.createElement('a');
    save.href = URL.createObjectURL(await answer.blob());
    save.download = 'audit-trail.csv';
    save.click();
    setTimeout(() => URL.revokeObjectURL(save.href), 60000);
  } catch (e) {
    banners([[e instanceof Problem ? e.message : 'The download was broken off; nothing was saved.', 'warn']]);
  } finally {
    $('download').disabled = false;
  }
}

// ---- Form -------------------------------------------------------------------------------------------------------------

function addSrv() {
  const srv = $('srv').value.trim().split(/\s/)[0];
  if (srv && !chosenSrvs.includes(srv)) chosenSrvs.push(srv);
  $('srv').value = '';
  drawChosen();
}

function drawChosen() {
  $('srv-chosen').replaceChildren(...chosenSrvs.map(srv => {
    const item = element('li', [srv, titles.get(srv)].filter(Boolean).join(' '));
    const remove = element('button', '×');
    remove.type = 'button';
    remove.setAttribute('aria-label', `Remove ${srv}`);
    remove.addEventListener('click', () => {
      chosenSrvs = chosenSrvs.filter(s => s !== srv);
      drawChosen();
    });
    item.append(remove);
    return item;
  }));
}

function drawView() {
  $('device-field').hidden = view() !== 'device';
  $('view-note').textContent = VIEW_NOTES[view()];
  const custom = $('range').value === 'custom';
  $('from-field').hidden = $('to-field').hidden = !custom;
}

function clearFilters() {
  for (const id of ['range', 'event-type', 'role', 'srv', 'from', 'to', 'request']) $(id).value = '';
  $('others-only').checked = false;
  $('request-field').hidden = true;
  chosenSrvs = [];
  drawChosen();
  drawView();
}

// The view and the device go into the address, to be kept or passed on; the token never does.
function rememberInAddress() {
  const parts = [`view=${view()}`];
  if (view() === 'device') parts.push(`device=${$('device').value}`);
  history.replaceState(null, '', `#${parts.join('&')}`);
}

function begin() {
  for (const type of EVENT_TYPES) {
    const option = element('option', sentence(type));
    option.value = type;
    $('event-type').append(option);
  }
  const given = new Map(location.hash.slice(1).split('&').filter(p => p.includes('=')).map(p => {
    const at = p.indexOf('=');
    return [p.slice(0, at), decodeURIComponent(p.slice(at + 1))];
  }));
  history.replaceState(null, '', location.pathname);  // the token leaves the address bar and the history at once
  const radio = document.querySelector(`input[name=view][value="${CSS.escape(given.get('view') || '')}"]`);
  if (radio) radio.checked = true;
  $('device').value = given.get('device') || '';
  drawView();
  const known = given.get('token') || sessionStorage.getItem('satindex.token');
  if (!known) return askToken('');
  if (!useToken(known)) return;
  if (given.has('device') || (radio && view() !== 'device')) show();
}

$('token-form').addEventListener('submit', e => {
  e.preventDefault();
  if (useToken($('token').value.trim().replace(/^Bearer\s+/i, ''))) $('device').focus();
});
$('sign-out').addEventListener('click', () => askToken(''));
$('query').addEventListener('submit', e => { e.preventDefault(); show(); });
$('query').addEventListener('change', drawView);
$('srv').addEventListener('change', addSrv);
$('clear').addEventListener('click', clearFilters);
$('download').addEventListener('click', download);
$('older').addEventListener('click', () => {
  const page = cursors.length;
  cursors.push(nextCursor);
  load(page);
  $('results').scrollIntoView();
});
$('newer').addEventListener('click', () => { load(cursors.length - 2); $('results').scrollIntoView(); });
window.addEventListener('hashchange', () => { if (/(^|[#&])token=/.test(location.hash)) begin(); });
setInterval(drawAsOf, 5000);
begin();
