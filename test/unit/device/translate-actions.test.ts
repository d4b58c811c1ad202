// What messages do to others, and what is in a message beside what its event tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proto } from '@whiskeysockets/baileys';
import { saidIn } from '../../../src/device/translate/content/content.ts';
import type { Content } from '../../../src/device/translate/content/kinds.ts';
import { forms } from '../../support/message-forms.ts';

const group = '120363041234567890@g.us';

test('the chat store reads how to fetch a file, which no event tells', () => {
  const [key, hash] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  const image = {
    url: 'https://m/1',
    mimetype: 'x/y',
    fileLength: 10,
    directPath: '/v/1',
    mediaKey: key,
    fileSha256: hash,
    fileEncSha256: hash,
  };
  for (const form of forms({ imageMessage: image })) {
    const { kind, media, fields } = saidIn(form);
    assert.equal(kind, 'image');
    const { mediaKey, sha256, encryptedSha256, ...rest } = media!;
    assert.deepEqual(
      [mediaKey, sha256, encryptedSha256].map(part => Buffer.from(part!)),
      [key, hash, hash],
    );
    assert.deepEqual(rest, {
      kind: 'image',
      url: 'https://m/1',
      mimetype: 'x/y',
      size: 10,
      directPath: '/v/1',
    });
    assert.doesNotMatch(JSON.stringify(fields), /mediaKey|directPath|sha256/i);
  }
});

const about = { id: 'T', fromMe: true, remoteJid: '1555@s.whatsapp.net', participant: '9@lid' };
const actions: readonly (readonly [message: proto.IMessage, content: Partial<Content>])[] = [
  [{ reactionMessage: { key: about, text: '👍' } }, { kind: 'reaction', fields: { reaction: '👍' } }],
  [{ reactionMessage: { key: about, text: '' } }, { kind: 'reaction', fields: { reaction: '' } }],
  [{ protocolMessage: { key: about, type: 0 } }, { kind: 'revoke', fields: {} }],
  [
    {
      editedMessage: {
        message: { protocolMessage: { key: about, type: 14, editedMessage: { conversation: 'now' } } },
      },
    },
    { kind: 'edit', text: 'now', fields: {} },
  ],
  [
    {
      protocolMessage: {
        key: about,
        type: 14,
        editedMessage: { imageMessage: { url: 'u', caption: 'now' } },
      },
    },
    { kind: 'edit', text: 'now', fields: { image: { url: 'u', caption: 'now' } } },
  ],
  [
    { pinInChatMessage: { key: about, type: 1 }, messageContextInfo: { messageAddOnDurationInSecs: 86_400 } },
    { kind: 'pin', fields: { pinned: true, expires_in: 86_400 } },
  ],
  [{ pinInChatMessage: { key: about, type: 2 } }, { kind: 'pin', fields: { pinned: false } }],
  [{ keepInChatMessage: { key: about, keepType: 1 } }, { kind: 'keep', fields: { kept: true } }],
  [{ keepInChatMessage: { key: about, keepType: 2 } }, { kind: 'keep', fields: { kept: false } }],
];

test('what is done to another message names it', () => {
  for (const [message, expected] of actions)
    for (const form of forms(message)) {
      const { target, ...content } = saidIn(form);
      assert.equal(target?.id, 'T');
      for (const [name, value] of Object.entries(expected)) {
        const got = content[name as keyof typeof content];
        assert.deepEqual(JSON.parse(JSON.stringify(got)), value, `${expected.kind}: ${name}`);
      }
    }
});

test('what is for the device alone is internal', () => {
  const { Type } = proto.Message.ProtocolMessage;
  const silent: proto.IMessage[] = [
    { protocolMessage: { type: Type.APP_STATE_SYNC_KEY_SHARE } },
    { protocolMessage: { type: Type.HISTORY_SYNC_NOTIFICATION } },
    { protocolMessage: {} },
    { senderKeyDistributionMessage: { groupId: group } },
    { senderKeyDistributionMessage: {}, messageContextInfo: {} },
  ];
  for (const message of silent) assert.equal(saidIn(message).kind, 'internal', JSON.stringify(message));
});
