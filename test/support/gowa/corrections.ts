// Where gowa's document says something else than gowa does: then what it does counts, because clients were written against it.
// Read from its source at v9 (src/ui/rest, src/domains), file by file as named.
import type { Schema } from './contract.ts';

/** Fields that an answer may leave out: `<operation, or * for all> <path>`, and why. */
export const omitted: Readonly<Record<string, string>> = {
  '* status': 'ResponseData.Status is json:"-": the status is in the HTTP answer alone',
  'listDevices results[].phone_number': 'device.go: omitempty',
  'listDevices results[].display_name': 'device.go: omitempty',
  'listDevices results[].jid': 'device.go: omitempty',
  'getDevice results.phone_number': 'device.go: omitempty',
  'getDevice results.display_name': 'device.go: omitempty',
  'getDevice results.jid': 'device.go: omitempty',
  'addDevice results.webhook_url': 'rest/device.go: only where one was given',
  'addDevice results.webhook_secret': 'rest/device.go: only where one was given',
  'addDevice results.webhook_events': 'rest/device.go: only where one was given',
  'addDevice results.webhook_insecure_skip_verify': 'rest/device.go: only where one was given',
  'getGroupParticipants results.participants[].lid': 'group.go: omitempty',
  'getGroupParticipants results.participants[].display_name': 'group.go: omitempty',
  'getGroupParticipantRequests results[].display_name': 'group.go: omitempty',
  'getChatMessages results.data[].reactions': 'chat.go: omitempty',
  'getChatMessages results.data[].call_metadata': 'chat.go: omitempty',
  'getNewsletterMessages results.data[].reaction_counts': 'newsletter.go: omitempty',
  'getNewsletterMessages results.data[].text': 'newsletter.go: omitempty',
  'userMyNewsletter results.data[].thread_metadata.picture':
    'whatsmeow, types.NewsletterThreadMetadata: a pointer, null without a picture; ours leaves it out',
  'downloadMessageMedia results.file_url':
    'message.go: omitempty; ours is always there, because nobody reads our disk',
};

const text: Schema = { type: 'string' };
const deviceOnly = { type: 'object', properties: { device_id: text } } satisfies Schema;
const perParticipant = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    properties: { participant: text, status: text, message: text },
  },
} satisfies Schema;

/** The `results` of an operation in the place of the documented ones. */
export const corrected: Readonly<
  Record<string, { readonly results: Schema | undefined; readonly why: string }>
> = {
  appLogin: {
    results: {
      type: 'object',
      properties: { device_id: text, qr_link: text, qr_duration: { type: 'integer' } },
    },
    why: 'rest/app.go Login names the device as well',
  },
  appLoginWithCode: {
    results: { type: 'object', properties: { device_id: text, pair_code: text } },
    why: 'rest/app.go LoginWithCode names the device as well',
  },
  appLogout: { results: deviceOnly, why: 'rest/app.go Logout names the device; the document has a text' },
  appReconnect: {
    results: deviceOnly,
    why: 'rest/app.go Reconnect names the device; the document has a text',
  },
  appPasskeyResponse: { results: deviceOnly, why: 'rest/app.go PasskeyResponse names the device' },
  appPasskeyConfirm: { results: deviceOnly, why: 'rest/app.go PasskeyConfirm names the device' },
  userInfo: {
    results: {
      type: 'object',
      properties: {
        data: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: text,
              verified_name: text,
              status: text,
              picture_id: text,
              devices: {
                type: 'array',
                nullable: true,
                items: {
                  type: 'object',
                  properties: {
                    User: text,
                    Agent: { type: 'integer' },
                    Device: text,
                    Server: text,
                    AD: text,
                  },
                },
              },
            },
          },
        },
      },
    },
    why: 'user/account.go InfoResponse is a list under `data`, and AD a text; the document has one flat object',
  },
  deleteMessage: { results: undefined, why: 'rest/message.go DeleteMessage answers no results' },
  joinGroupWithLink: {
    results: { type: 'object', properties: { group_id: text } },
    why: 'rest/group.go JoinGroupWithLink answers the id',
  },
  approveGroupParticipantRequest: {
    results: perParticipant,
    why: 'rest/group.go handleRequestedParticipants answers a list; the document has a text',
  },
  rejectGroupParticipantRequest: {
    results: perParticipant,
    why: 'rest/group.go handleRequestedParticipants answers a list; the document has a text',
  },
};
