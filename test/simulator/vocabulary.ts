// One of every stanza that a client sends, in the shape of Baileys' Socket/*.js: what fuzzing starts from.
import { type BinaryNode, bigEndian, node, SERVER } from '../../src/simulator/wire/stanza.ts';

export interface Cast {
  /** JIDs of devices, number form. */
  readonly me: string;
  readonly friend: string;
  /** JIDs of people. */
  readonly myself: string;
  readonly person: string;
  readonly personLid: string;
  readonly group: string;
}

const noise = (length: number) => Buffer.alloc(length, length);
const iq = (type: string, xmlns: string, content?: BinaryNode[], to = SERVER) =>
  node('iq', { id: 'fuzz', type, xmlns, to }, content);
const ack = (attrs: Record<string, string>) => node('ack', { id: 'fuzz', ...attrs });
const enc = (type: string, attrs: Record<string, string> = {}) =>
  node('enc', { v: '2', type, ...attrs }, noise(150));
const key = (id: number) => [node('id', {}, bigEndian(id, 3)), node('value', {}, noise(32))];
const skey = () => node('skey', {}, [...key(1), node('signature', {}, noise(64))]);

function keyStanzas({ friend, person, me }: Cast): BinaryNode[] {
  const device = (jid: string) => node('user', { jid, reason: 'identity' });
  return [
    iq('get', 'encrypt', [node('count', {})]),
    iq('get', 'encrypt', [node('digest', {})]),
    iq('get', 'encrypt', [node('key', {}, [device(friend), device(person), device(me)])]),
    iq('set', 'encrypt', [node('rotate', {}, [skey()])]),
    iq('set', 'encrypt', [
      node('registration', {}, bigEndian(7, 4)),
      node('type', {}, Buffer.of(5)),
      node('identity', {}, noise(32)),
      node('list', {}, [node('key', {}, key(1)), node('key', {}, key(2))]),
      skey(),
    ]),
  ];
}

function accountStanzas({ me, person, personLid }: Cast): BinaryNode[] {
  return [
    iq('set', 'passive', [node('active', {})]),
    iq('get', 'w:p', [node('ping', {})]),
    iq('get', 'abt', [node('props', { protocol: '1', hash: 'x' })]),
    iq('get', 'blocklist'),
    iq('set', 'blocklist', [node('item', { action: 'block', jid: personLid, pn_jid: person })]),
    iq('get', 'privacy', [node('privacy', {})]),
    iq('set', 'privacy', [node('privacy', {}, [node('category', { name: 'last', value: 'contacts' })])]),
    iq('set', 'privacy', [
      node('tokens', {}, [node('token', { jid: personLid, t: '1700000000', type: 'trusted_contact' })]),
    ]),
    iq('set', 'urn:xmpp:whatsapp:dirty', [node('clean', { type: 'account_sync', timestamp: '1' })]),
    iq('set', 'status', [node('status', {}, Buffer.from('hello'))]),
    iq('set', 'disappearing_mode', [node('disappearing_mode', { duration: '86400' })]),
    iq('set', 'w:profile:picture', [node('picture', { type: 'image' }, noise(200))]),
    node('iq', { id: 'fuzz', to: SERVER, type: 'get', xmlns: 'w:profile:picture', target: person }, [
      node('picture', { type: 'preview', query: 'url' }),
    ]),
    iq('get', 'w:biz', [node('business_profile', { v: '244' }, [node('profile', { jid: person })])]),
    iq('get', 'w:biz:catalog', [
      node('product_catalog', { jid: person, allow_shop_source: 'true' }, [
        node('limit', {}, Buffer.from('10')),
      ]),
    ]),
    iq('set', 'w:m', [node('media_conn', {})]),
    iq('get', 'w:mex', [node('query', { query_id: '6620195908089573' }, Buffer.from('{"variables":{}}'))]),
    iq('set', 'w:stats', [node('add', { t: '1' }, noise(20))]),
    iq('get', 'bot', [node('bot', { v: '2' })]),
    iq('set', 'w:sync:app:state', [
      node('sync', {}, [
        node('collection', { name: 'regular_high', version: '0', return_snapshot: 'false' }, [
          node('patch', {}, noise(60)),
        ]),
      ]),
    ]),
    iq('set', 'md', [node('remove-companion-device', { jid: me, reason: 'user_initiated' })]),
    iq('set', 'md', [
      node('link_code_companion_reg', { jid: person, stage: 'companion_hello' }, [
        node('link_code_pairing_wrapped_companion_ephemeral_pub', {}, noise(80)),
        node('companion_server_auth_key_pub', {}, noise(32)),
        node('companion_platform_id', {}, '1'),
        node('link_code_pairing_nonce', {}, '0'),
      ]),
    ]),
  ];
}

function usyncStanzas({ person, personLid }: Cast): BinaryNode[] {
  const query = ['devices', 'lid', 'contact', 'status', 'disappearing_mode', 'business', 'bot'].map(tag =>
    node(tag, tag === 'devices' ? { version: '2' } : {}),
  );
  const users = [
    node('user', { jid: person }),
    node('user', { jid: personLid }),
    node('user', {}, [node('contact', {}, Buffer.from('+15550000001'))]),
  ];
  const attrs = { context: 'message', mode: 'query', sid: '1', last: 'true', index: '0' };
  return [iq('get', 'usync', [node('usync', attrs, [node('query', {}, query), node('list', {}, users)])])];
}

function groupStanzas({ person, personLid, group }: Cast): BinaryNode[] {
  const who = [node('participant', { jid: person }), node('participant', { jid: personLid })];
  return [
    iq(
      'get',
      'w:g2',
      [node('participating', {}, [node('participants', {}), node('description', {})])],
      '@g.us',
    ),
    iq('get', 'w:g2', [node('query', { request: 'interactive' })], group),
    iq('set', 'w:g2', [node('create', { subject: 'fuzz', key: 'k' }, who)], '@g.us'),
    iq('set', 'w:g2', [node('leave', {}, [node('group', { id: group })])], '@g.us'),
    iq('set', 'w:g2', [node('subject', {}, Buffer.from('other'))], group),
    iq(
      'set',
      'w:g2',
      [node('description', { id: 'd', prev: 'p' }, [node('body', {}, Buffer.from('text'))])],
      group,
    ),
    iq('get', 'w:g2', [node('invite', { code: 'abc' })], group),
    iq('set', 'w:g2', [node('ephemeral', { expiration: '86400' })], group),
    iq('set', 'w:g2', [node('membership_approval_mode', {}, [node('group_join', { state: 'on' })])], group),
    iq(
      'set',
      'w:g2',
      [node('links', {}, [node('link', { link_type: 'sub_group' }, [node('group', { jid: group })])])],
      group,
    ),
    ...['add', 'remove', 'promote', 'demote'].map(action =>
      iq('set', 'w:g2', [node(action, {}, who)], group),
    ),
    iq('get', 'w:g2', [node('invite', {})], group),
    iq('set', 'w:g2', [node('invite', {})], group),
    iq('get', 'w:g2', [node('invite', { code: 'abc' })], '@g.us'),
    iq('set', 'w:g2', [node('invite', { code: 'abc' })], '@g.us'),
    iq('set', 'w:g2', [node('accept', { code: 'abc', expiration: '1', admin: person })], group),
    iq(
      'get',
      'w:g2',
      [node('query', {}, [node('add_request', { code: 'abc', expiration: '1', admin: person })])],
      group,
    ),
    iq('get', 'w:g2', [node('query', {}, [node('group', { jid: group })])], '@g.us'),
    iq('get', 'w:g2', [node('membership_approval_requests', {})], group),
    ...['approve', 'reject'].map(action =>
      iq('set', 'w:g2', [node('membership_requests_action', {}, [node(action, {}, who)])], group),
    ),
    ...['revoke', 'cancel_membership_requests'].map(tag => iq('set', 'w:g2', [node(tag, {}, who)], group)),
    ...['member_add_mode', 'member_link_mode', 'member_share_group_history_mode'].map(tag =>
      iq('set', 'w:g2', [node(tag, {}, Buffer.from('admin_add'))], group),
    ),
    iq('set', 'w:g2', [node('reports', {}, [node('report', { message_id: 'm' })])], group),
    iq('get', 'w:g2', [node('reports', {})], group),
    iq(
      'set',
      'w:g2',
      [
        node('create', { subject: 'fuzz' }, [
          node('description', { id: 'd' }, [node('body', {}, Buffer.from('text'))]),
          node('parent', { default_membership_approval_mode: 'request_required' }),
          node('create_general_chat', {}),
        ]),
      ],
      '@g.us',
    ),
    iq(
      'set',
      'w:g2',
      [node('create', { subject: 'fuzz' }, [...who, node('linked_parent', { jid: group })])],
      '@g.us',
    ),
    iq('set', 'w:g2', [node('leave', {}, [node('community', { id: group })])], '@g.us'),
    iq('set', 'w:g2', [node('unlink', { unlink_type: 'sub_group' }, [node('group', { jid: group })])], group),
    ...['sub_groups', 'linked_groups_participants'].map(tag => iq('get', 'w:g2', [node(tag, {})], group)),
    iq('get', 'w:g2', [node('query_linked', { type: 'sub_group', jid: group })], group),
    iq('set', 'w:g2', [node('join_linked_group', { jid: group })], group),
    ...['announcement', 'locked', 'not_announcement', 'unlocked', 'not_ephemeral', 'delete_parent'].map(tag =>
      iq('set', 'w:g2', [node(tag, {})], group),
    ),
  ];
}

function messageStanzas({ me, friend, person, myself, group }: Cast): BinaryNode[] {
  const copies = node(
    'participants',
    {},
    [friend, person, me].map(jid => node('to', { jid }, [enc('pkmsg')])),
  );
  const identity = node('device-identity', {}, noise(150));
  const message = (attrs: Record<string, string>, content: BinaryNode[]) =>
    node('message', { id: 'fuzz', type: 'text', ...attrs }, content);
  return [
    message({ to: person }, [copies, identity, node('meta', {}), node('tctoken', {}, noise(20))]),
    message({ to: group, addressing_mode: 'lid' }, [enc('skmsg'), copies, identity]),
    message({ to: 'status@broadcast' }, [copies, enc('skmsg')]),
    message({ to: friend, device_fanout: 'false' }, [enc('pkmsg', { count: '1' }), identity]),
    message({ to: group, participant: friend }, [enc('pkmsg', { count: '1' }), identity]),
    message({ to: myself, category: 'peer', push_priority: 'high_force' }, [
      enc('msg'),
      node('meta', { appdata: 'default' }),
    ]),
    message({ to: '120363000000000001@newsletter' }, [node('plaintext', {}, noise(30))]),
  ];
}

function receiptStanzas({ friend, person, group }: Cast): BinaryNode[] {
  const receipt = (attrs: Record<string, string>, content?: BinaryNode[]) =>
    node('receipt', { id: 'fuzz', ...attrs }, content);
  const list = node('list', {}, [node('item', { id: 'a' }), node('item', { id: 'b' })]);
  const keys = node('keys', {}, [
    node('type', {}, Buffer.of(5)),
    node('identity', {}, noise(32)),
    node('key', {}, key(9)),
    skey(),
    node('device-identity', {}, noise(100)),
  ]);
  return [
    receipt({ to: friend }),
    receipt({ to: group, participant: friend, type: 'inactive' }),
    receipt({ to: person, type: 'read', t: '1700000000' }, [list]),
    receipt({ to: friend, type: 'sender', recipient: person }),
    receipt({ to: friend, type: 'retry' }, [
      node('retry', { count: '1', id: 'fuzz', t: '1', v: '1', error: '0' }),
      node('registration', {}, bigEndian(7, 4)),
      keys,
    ]),
    ack({ class: 'receipt', to: friend, type: 'read' }),
    ack({ class: 'message', to: friend, error: '500' }),
    ack({ class: 'notification', to: SERVER, type: 'encrypt' }),
  ];
}

function otherStanzas({ person, friend, me }: Cast): BinaryNode[] {
  return [
    node('presence', { type: 'available', name: 'Fuzz' }),
    node('presence', { type: 'subscribe', to: person }),
    node('presence', {}),
    node('chatstate', { from: me, to: person }, [node('composing', { media: 'audio' })]),
    node('ib', {}, [node('offline_batch', { count: '100' })]),
    node('ib', {}, [node('unified_session', { id: '1' })]),
    node('call', { id: 'fuzz', from: me, to: friend }, [
      node('reject', { 'call-id': 'c', 'call-creator': friend, count: '0' }),
    ]),
    node('call', { id: 'fuzz', to: '@call' }, [node('link_create', { media: 'video' })]),
    node('call', { id: 'fuzz', to: person }, [
      node('offer', { 'call-id': 'c', 'call-creator': me }, [
        node('audio', { enc: 'opus', rate: '16000' }),
        node('destination', {}, [node('to', { jid: friend }, [enc('pkmsg')])]),
      ]),
    ]),
    node('iq', { id: 'fuzz', type: 'result', from: SERVER }),
    node('iq', { id: 'fuzz', type: 'error' }, [node('error', { code: '500' })]),
  ];
}

export function vocabulary(cast: Cast): BinaryNode[] {
  return [
    keyStanzas,
    accountStanzas,
    usyncStanzas,
    groupStanzas,
    messageStanzas,
    receiptStanzas,
    otherStanzas,
  ].flatMap(make => make(cast));
}
