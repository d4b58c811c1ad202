// The page at the control URL: what phones there are, what they say, and a person's moves with them.
import { listen } from './api.js';
import { drawChats, startChats } from './chats.js';
import { drawConversation, startConversation } from './conversation.js';
import { startDialogs } from './dialogs.js';
import { $, say } from './dom.js';
import { drawFaults, loadCatalogue, startFaults } from './faults-panel.js';
import { startLayout } from './layout.js';
import { apply, changed, loadAll, model, watch } from './model.js';
import { drawPeople } from './people.js';
import { drawPhone } from './phone-panel.js';
import { drawTraffic, startTraffic } from './traffic.js';
import { startWorld } from './world-panel.js';

for (const start of [
  startLayout,
  startDialogs,
  startChats,
  startConversation,
  startTraffic,
  startFaults,
  startWorld,
])
  start();
for (const draw of [drawPeople, drawChats, drawConversation, drawPhone, drawTraffic, drawFaults]) watch(draw);
$('find').addEventListener('input', changed);
for (const tab of document.querySelectorAll('[role=tab]')) tab.addEventListener('click', changed);

const load = () => Promise.all([loadAll(), loadCatalogue()]).catch(error => say(error.message, true));
let live = false;
watch(() => {
  const devices = [...model.devices.values()].flat();
  const online = devices.filter(one => one.connected).length;
  $('live').textContent = live
    ? `live · ${model.phones.length} phones · ${online} of ${devices.length} devices online`
    : 'the simulator is not there; trying again …';
  $('live').classList.toggle('on', live);
});

listen({
  heard: apply,
  live: is => {
    const came = is && !live;
    live = is;
    if (came) load();
    changed();
  },
});
