// A message of every kind, and what its event has beside the common fields.
import type { proto } from '@whiskeysockets/baileys';

export type KindRow = readonly [what: string, message: proto.IMessage, payload: Record<string, unknown>];

const group = '120363041234567890@g.us';
const location = { degreesLatitude: 1.5, degreesLongitude: -2, name: 'here', address: '1 Road' };
const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nTEL;type=CELL;waid=1555:+1 555\nEND:VCARD';
const bob = { displayName: 'Bob', vcard };
const told = { ...bob, phone_number: '+1 555' };
const options = [{ optionName: 'red' }, { optionName: 'blue' }];
const poll = { name: 'colour?', options, selectableOptionsCount: 1 };
const asked = { name: 'colour?', options: ['red', 'blue'], selectable_count: 1 };
const file = { url: 'https://m/1', mimetype: 'x/y', fileLength: 10 };
const shown = { url: 'https://m/1', mimetype: 'x/y', size: 10 };
const ad = {
  ctwaClid: 'c',
  sourceUrl: 'https://ad',
  sourceType: 'ad',
  title: 't',
  mediaType: 1,
  showAdAttribution: true,
};

export const messageKinds: readonly KindRow[] = [
  ['a text', { conversation: 'hello' }, { type: 'text', body: 'hello' }],
  ['an empty text', { conversation: '' }, { type: 'text' }],
  ['a long text', { extendedTextMessage: { text: 'hello' } }, { type: 'text', body: 'hello' }],
  [
    'a text with a link',
    {
      extendedTextMessage: {
        text: 'see https://a.b',
        matchedText: 'https://a.b',
        title: 'A',
        description: 'B',
      },
    },
    {
      type: 'text',
      body: 'see https://a.b',
      link_preview: { url: 'https://a.b', title: 'A', description: 'B' },
    },
  ],
  [
    'a disappearing text',
    { ephemeralMessage: { message: { conversation: 'psst' } } },
    { type: 'text', body: 'psst' },
  ],
  [
    'a text with a timer, to people, to all',
    {
      extendedTextMessage: {
        text: '@1555',
        contextInfo: {
          expiration: 86_400,
          mentionedJid: ['1555:2@s.whatsapp.net', '9@lid'],
          nonJidMentions: 1,
        },
      },
    },
    {
      type: 'text',
      body: '@1555',
      expires_in: 86_400,
      mentions: ['1555@s.whatsapp.net', '9@lid'],
      mentions_everyone: true,
    },
  ],
  [
    'a reply',
    {
      extendedTextMessage: {
        text: 'yes',
        contextInfo: {
          stanzaId: 'Q',
          participant: '1555@s.whatsapp.net',
          quotedMessage: { imageMessage: { caption: 'look' } },
        },
      },
    },
    {
      type: 'text',
      body: 'yes',
      replied_to_id: 'Q',
      quoted_body: 'look',
      quoted_from: '1555@s.whatsapp.net',
    },
  ],
  [
    'a reply to what is not quoted',
    { extendedTextMessage: { text: 'yes', contextInfo: { stanzaId: 'Q' } } },
    { type: 'text', body: 'yes', replied_to_id: 'Q' },
  ],
  [
    'a forwarded text',
    { extendedTextMessage: { text: 'news', contextInfo: { isForwarded: true, forwardingScore: 7 } } },
    { type: 'text', body: 'news', forwarded: true },
  ],
  [
    'the first text after an advertisement',
    { extendedTextMessage: { text: 'hi', contextInfo: { externalAdReply: ad } } },
    {
      type: 'text',
      body: 'hi',
      referral: {
        ctwa_clid: 'c',
        source_url: 'https://ad',
        source_type: 'ad',
        ad_title: 't',
        media_type: 'IMAGE',
        show_ad_attribution: true,
      },
    },
  ],
  [
    'a picture',
    { imageMessage: { ...file, caption: 'look', width: 3, height: 4 } },
    { type: 'image', body: 'look', image: { ...shown, caption: 'look', width: 3, height: 4 } },
  ],
  [
    'a picture of an album',
    {
      imageMessage: file,
      messageContextInfo: { messageAssociation: { associationType: 1, parentMessageKey: { id: 'ALBUM' } } },
    },
    { type: 'image', album_id: 'ALBUM', image: shown },
  ],
  [
    'a picture to be seen once',
    { viewOnceMessageV2: { message: { imageMessage: { url: 'u' } } } },
    { type: 'image', view_once: true, image: { url: 'u' } },
  ],
  [
    'a picture to be seen once, in no envelope',
    { imageMessage: { url: 'u', viewOnce: true } },
    { type: 'image', view_once: true, image: { url: 'u' } },
  ],
  [
    'a voice message to be heard once',
    { viewOnceMessageV2Extension: { message: { audioMessage: { url: 'u', ptt: true } } } },
    { type: 'voice', view_once: true, audio: { url: 'u', ptt: true } },
  ],
  [
    'a disappearing picture to be seen once',
    { ephemeralMessage: { message: { viewOnceMessage: { message: { imageMessage: { url: 'u' } } } } } },
    { type: 'image', view_once: true, image: { url: 'u' } },
  ],
  [
    'a video',
    { videoMessage: { ...file, caption: 'c', seconds: 5 } },
    { type: 'video', body: 'c', video: { ...shown, caption: 'c', seconds: 5 } },
  ],
  [
    'a video that plays by itself',
    { videoMessage: { url: 'u', gifPlayback: true } },
    { type: 'gif', video: { url: 'u', gif: true } },
  ],
  ['a round video', { ptvMessage: { url: 'u' } }, { type: 'video_note', video_note: { url: 'u' } }],
  ['a sound', { audioMessage: { ...file, seconds: 3 } }, { type: 'audio', audio: { ...shown, seconds: 3 } }],
  [
    'a voice message',
    { audioMessage: { url: 'u', mimetype: 'audio/ogg', ptt: true } },
    { type: 'voice', audio: { url: 'u', mimetype: 'audio/ogg', ptt: true } },
  ],
  [
    'a file',
    { documentMessage: { ...file, fileName: 'a.pdf', pageCount: 2 } },
    { type: 'document', document: { ...shown, filename: 'a.pdf', pages: 2 } },
  ],
  [
    'a file with a caption',
    {
      documentWithCaptionMessage: { message: { documentMessage: { url: 'u', fileName: 'a', caption: 'c' } } },
    },
    { type: 'document', body: 'c', document: { url: 'u', caption: 'c', filename: 'a' } },
  ],
  ['a sticker', { stickerMessage: {} }, { type: 'sticker', sticker: { url: '' } }],
  [
    'a sticker that moves',
    { stickerMessage: { url: 'u', isAnimated: true } },
    { type: 'sticker', sticker: { url: 'u', animated: true } },
  ],
  [
    'a drawn sticker that moves',
    { lottieStickerMessage: { message: { stickerMessage: { url: 'u', isAnimated: true } } } },
    { type: 'sticker', sticker: { url: 'u', animated: true, lottie: true } },
  ],
  [
    'a pack of stickers',
    { stickerPackMessage: { stickerPackId: 'p', name: 'Cats', publisher: 'Ann', stickers: [{}, {}] } },
    { type: 'sticker_pack', sticker_pack: { id: 'p', name: 'Cats', publisher: 'Ann', stickers: 2 } },
  ],
  ['a place', { locationMessage: location }, { type: 'location', location }],
  [
    'a place that moves',
    {
      liveLocationMessage: {
        degreesLatitude: 1,
        degreesLongitude: 2,
        caption: 'on my way',
        sequenceNumber: 3,
      },
    },
    {
      type: 'live_location',
      body: 'on my way',
      live_location: { degreesLatitude: 1, degreesLongitude: 2, caption: 'on my way', sequenceNumber: 3 },
    },
  ],
  ['a contact', { contactMessage: bob }, { type: 'contact', contact: told }],
  [
    'a contact without a number',
    { contactMessage: { displayName: 'Bob', vcard: 'BEGIN:VCARD' } },
    { type: 'contact', contact: { displayName: 'Bob', vcard: 'BEGIN:VCARD' } },
  ],
  [
    'several contacts',
    { contactsArrayMessage: { displayName: '2', contacts: [bob, bob] } },
    { type: 'contacts', contacts_array: [told, told] },
  ],
  ['a poll', { pollCreationMessage: poll }, { type: 'poll', poll: asked }],
  ['a poll (2)', { pollCreationMessageV2: poll }, { type: 'poll', poll: asked }],
  ['a poll (3)', { pollCreationMessageV3: poll }, { type: 'poll', poll: asked }],
  [
    'a poll (4)',
    { pollCreationMessageV4: { message: { pollCreationMessage: poll } } },
    { type: 'poll', poll: asked },
  ],
  [
    'a quiz (5)',
    { pollCreationMessageV5: { ...poll, pollType: 1, correctAnswer: { optionName: 'red' } } },
    { type: 'poll', poll: { ...asked, type: 'quiz', correct_answer: 'red' } },
  ],
  [
    'the result of a poll',
    {
      pollResultSnapshotMessage: { name: 'colour?', pollVotes: [{ optionName: 'red', optionVoteCount: 2 }] },
    },
    { type: 'poll_result', poll_result: { name: 'colour?', votes: [{ option: 'red', votes: 2 }] } },
  ],
  [
    'an event',
    {
      eventMessage: {
        name: 'Party',
        description: 'bring cake',
        startTime: 1_700_000_000,
        location,
        isCanceled: true,
      },
    },
    {
      type: 'event',
      event: {
        name: 'Party',
        description: 'bring cake',
        start_time: '2023-11-14T22:13:20.000Z',
        location,
        canceled: true,
      },
    },
  ],
  [
    'an album',
    { albumMessage: { expectedImageCount: 2 } },
    { type: 'album', album: { images: 2, videos: 0 } },
  ],
  [
    'an invitation to a group',
    {
      groupInviteMessage: {
        groupJid: group,
        groupName: 'G',
        inviteCode: 'C',
        inviteExpiration: 1_700_000_000,
        caption: 'come',
      },
    },
    {
      type: 'group_invite',
      body: 'come',
      group_invite: { group_id: group, group_name: 'G', code: 'C', expires_at: '2023-11-14T22:13:20.000Z' },
    },
  ],
  [
    'an invitation to run a channel',
    { newsletterAdminInviteMessage: { newsletterJid: '1@newsletter', newsletterName: 'N', caption: 'help' } },
    {
      type: 'newsletter_invite',
      body: 'help',
      newsletter_invite: { newsletter_id: '1@newsletter', name: 'N', role: 'admin' },
    },
  ],
  [
    'a list',
    {
      listMessage: {
        title: 'Menu',
        description: 'Choose',
        buttonText: 'Open',
        sections: [{ title: 'S', rows: [{ rowId: 'r', title: 'R', description: 'D' }] }],
      },
    },
    {
      type: 'list',
      body: 'Choose',
      list: {
        title: 'Menu',
        description: 'Choose',
        button_text: 'Open',
        sections: [{ title: 'S', rows: [{ id: 'r', title: 'R', description: 'D' }] }],
      },
    },
  ],
  [
    'what was chosen of a list',
    {
      listResponseMessage: {
        title: 'R',
        singleSelectReply: { selectedRowId: 'r' },
        contextInfo: { stanzaId: 'Q' },
      },
    },
    { type: 'list_reply', body: 'R', replied_to_id: 'Q', list_reply: { id: 'r', title: 'R' } },
  ],
  [
    'buttons',
    {
      buttonsMessage: {
        contentText: 'Sure?',
        buttons: [{ buttonId: 'y', buttonText: { displayText: 'Yes' } }],
      },
    },
    { type: 'buttons', body: 'Sure?', buttons: { text: 'Sure?', buttons: [{ id: 'y', text: 'Yes' }] } },
  ],
  [
    'the button that was pressed',
    { buttonsResponseMessage: { selectedButtonId: 'y', selectedDisplayText: 'Yes' } },
    { type: 'button_reply', body: 'Yes', button_reply: { id: 'y', text: 'Yes' } },
  ],
  [
    'a template',
    {
      templateMessage: {
        hydratedTemplate: {
          hydratedContentText: 'Hello',
          hydratedButtons: [
            { index: 0, urlButton: { displayText: 'Go', url: 'https://a.b' } },
            { index: 1, quickReplyButton: { displayText: 'OK', id: 'ok' } },
            { index: 2, callButton: { displayText: 'Call', phoneNumber: '+1' } },
          ],
        },
      },
    },
    {
      type: 'template',
      body: 'Hello',
      template: {
        text: 'Hello',
        buttons: [
          { index: 0, text: 'Go', url: 'https://a.b' },
          { index: 1, id: 'ok', text: 'OK' },
          { index: 2, text: 'Call', phone_number: '+1' },
        ],
      },
    },
  ],
  [
    "a template's button",
    { templateButtonReplyMessage: { selectedId: 'ok', selectedDisplayText: 'OK', selectedIndex: 1 } },
    { type: 'template_reply', body: 'OK', template_reply: { id: 'ok', text: 'OK', index: 1 } },
  ],
  [
    'an interactive message',
    {
      interactiveMessage: {
        header: { title: 'T' },
        body: { text: 'B' },
        nativeFlowMessage: {
          buttons: [
            { name: 'cta_url', buttonParamsJson: '{"display_text":"Shop","url":"https://a.b"}' },
            { name: 'single_select', buttonParamsJson: 'no json' },
          ],
        },
      },
    },
    {
      type: 'interactive',
      body: 'B',
      interactive: 'T\nB\n🔗 Shop: https://a.b\n[single_select]',
      interactive_message: {
        title: 'T',
        text: 'B',
        buttons: [
          { name: 'cta_url', params: { display_text: 'Shop', url: 'https://a.b' } },
          { name: 'single_select', params: 'no json' },
        ],
      },
    },
  ],
  [
    'the answer to an interactive message',
    {
      interactiveResponseMessage: {
        body: { text: 'done' },
        nativeFlowResponseMessage: { name: 'flow', paramsJson: '{"a":1}' },
      },
    },
    {
      type: 'interactive_reply',
      body: 'done',
      interactive_reply: { name: 'flow', text: 'done', params: { a: 1 } },
    },
  ],
  [
    'a product',
    {
      productMessage: {
        product: { productId: 'p', title: 'Tea', currencyCode: 'BRL', priceAmount1000: 1500 },
        businessOwnerJid: '1555@s.whatsapp.net',
        body: 'fresh',
      },
    },
    {
      type: 'product',
      body: 'fresh',
      product: {
        id: 'p',
        title: 'Tea',
        amount: 1.5,
        currency: 'BRL',
        business: '1555@s.whatsapp.net',
        text: 'fresh',
      },
    },
  ],
  [
    'an order',
    {
      orderMessage: {
        orderId: 'o',
        itemCount: 2,
        status: 1,
        totalAmount1000: 3000,
        totalCurrencyCode: 'BRL',
        message: 'please',
      },
    },
    {
      type: 'order',
      body: 'please',
      order: { id: 'o', message: 'please', item_count: 2, status: 'inquiry', amount: 3, currency: 'BRL' },
    },
  ],
  [
    'money',
    { sendPaymentMessage: { noteMessage: { conversation: 'thanks' }, requestMessageKey: { id: 'R' } } },
    { type: 'payment', body: 'thanks', payment: { request_message_id: 'R' } },
  ],
  [
    'a request for money',
    {
      requestPaymentMessage: {
        noteMessage: { extendedTextMessage: { text: 'lunch' } },
        amount: { value: 1050, offset: 2, currencyCode: 'INR' },
      },
    },
    { type: 'payment_request', body: 'lunch', payment_request: { amount: 10.5, currency: 'INR' } },
  ],
  [
    'a request for money that is declined',
    { declinePaymentRequestMessage: { key: { id: 'R' } } },
    { type: 'payment_declined', payment_declined: { request_message_id: 'R' } },
  ],
  [
    'a request for money that is taken back',
    { cancelPaymentRequestMessage: { key: { id: 'R' } } },
    { type: 'payment_canceled', payment_canceled: { request_message_id: 'R' } },
  ],
  [
    'an invitation to payments',
    { paymentInviteMessage: { serviceType: 3 } },
    { type: 'payment_invite', payment_invite: { service: 'upi' } },
  ],
  [
    'an invoice',
    { invoiceMessage: { note: 'n', token: 't' } },
    { type: 'invoice', body: 'n', invoice: { token: 't' } },
  ],
  ['a request for the number', { requestPhoneNumberMessage: {} }, { type: 'phone_number_request' }],
  ['the number', { protocolMessage: { type: 11 } }, { type: 'phone_number_share' }],
  [
    'a call in the chat',
    { callLogMesssage: { isVideo: true, callOutcome: 1, durationSecs: 0 } },
    { type: 'call_log', call_log: { video: true, outcome: 'missed', seconds: 0 } },
  ],
  [
    'a call to come',
    { scheduledCallCreationMessage: { title: 'Sync', callType: 2, scheduledTimestampMs: 1_700_000_000_000 } },
    {
      type: 'scheduled_call',
      scheduled_call: { title: 'Sync', type: 'video', time: '2023-11-14T22:13:20.000Z' },
    },
  ],
  [
    'a comment',
    { commentMessage: { message: { conversation: 'so true' }, targetMessageKey: { id: 'T' } } },
    { type: 'comment', body: 'so true', comment_to_id: 'T' },
  ],
  [
    'a status that names us',
    { statusMentionMessage: { message: { protocolMessage: { type: 25 } } } },
    { type: 'status_mention' },
  ],
  ['a stand-in for what only the phone shows', { placeholderMessage: { type: 0 } }, { type: 'placeholder' }],
  [
    'what nobody knows',
    { bcallMessage: { sessionId: 's' } },
    { type: 'unsupported', parts: ['bcallMessage'] },
  ],
  ['nothing', { messageContextInfo: {} }, { type: 'unsupported', parts: [] }],
  [
    'a text that brings a sender key along',
    { conversation: 'hi', senderKeyDistributionMessage: { groupId: group }, messageContextInfo: {} },
    { type: 'text', body: 'hi' },
  ],
  [
    'a voice message that brings a sender key along',
    { audioMessage: { url: 'u' }, senderKeyDistributionMessage: { groupId: group } },
    { type: 'audio', audio: { url: 'u' } },
  ],
];
