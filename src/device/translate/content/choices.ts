/** Messages with something to choose from, which businesses send, and the choices. */
import type { proto } from '@whiskeysockets/baileys';
import { type Fields, given, list, number, text } from '../read.ts';

export function listFields(message: proto.Message.IListMessage): Fields {
  return given({
    title: text(message.title),
    description: text(message.description),
    button_text: text(message.buttonText),
    footer_text: text(message.footerText),
    sections: list(message.sections).map(section =>
      given({
        title: text(section.title),
        rows: list(section.rows).map(row =>
          given({ id: text(row.rowId), title: text(row.title), description: text(row.description) }),
        ),
      }),
    ),
  });
}

export function listReplyFields(reply: proto.Message.IListResponseMessage): Fields {
  return given({
    id: text(reply.singleSelectReply?.selectedRowId) ?? '',
    title: text(reply.title),
    description: text(reply.description),
  });
}

export function buttonsFields(message: proto.Message.IButtonsMessage): Fields {
  return given({
    header_text: text(message.text),
    text: text(message.contentText),
    footer_text: text(message.footerText),
    buttons: list(message.buttons).map(button =>
      given({ id: text(button.buttonId), text: text(button.buttonText?.displayText) }),
    ),
  });
}

export function buttonReplyFields(reply: proto.Message.IButtonsResponseMessage): Fields {
  return given({ id: text(reply.selectedButtonId) ?? '', text: text(reply.selectedDisplayText) });
}

const templateIn = (message: proto.Message.ITemplateMessage) =>
  message.hydratedTemplate ?? message.hydratedFourRowTemplate ?? undefined;

export const templateText = (message: proto.Message.ITemplateMessage): string | undefined =>
  text(templateIn(message)?.hydratedContentText) ?? text(message.interactiveMessageTemplate?.body?.text);

export function templateFields(message: proto.Message.ITemplateMessage): Fields {
  const template = templateIn(message);
  return given({
    id: text(template?.templateId) ?? text(message.templateId),
    title: text(template?.hydratedTitleText),
    text: templateText(message),
    footer_text: text(template?.hydratedFooterText),
    buttons: list(template?.hydratedButtons).map(({ index, quickReplyButton, urlButton, callButton }) =>
      given({
        index: number(index),
        id: text(quickReplyButton?.id),
        text: text((quickReplyButton ?? urlButton ?? callButton)?.displayText),
        url: text(urlButton?.url),
        phone_number: text(callButton?.phoneNumber),
      }),
    ),
  });
}

export function templateReplyFields(reply: proto.Message.ITemplateButtonReplyMessage): Fields {
  return given({
    id: text(reply.selectedId) ?? '',
    text: text(reply.selectedDisplayText),
    index: number(reply.selectedIndex),
  });
}

/** Cards of a carousel are told, cards of cards are not. */
export function interactiveFields(message: proto.Message.IInteractiveMessage, depth = 1): Fields {
  const cards = depth > 0 ? list(message.carouselMessage?.cards) : [];
  return given({
    title: text(message.header?.title),
    subtitle: text(message.header?.subtitle),
    text: text(message.body?.text),
    footer_text: text(message.footer?.text),
    buttons: list(message.nativeFlowMessage?.buttons).map(button =>
      given({ name: text(button.name), params: json(button.buttonParamsJson) }),
    ),
    cards: cards.length > 0 ? cards.map(card => interactiveFields(card, depth - 1)) : undefined,
    collection_id: text(message.collectionMessage?.id),
    shop_id: text(message.shopStorefrontMessage?.id),
  });
}

/** It as text, a line for each thing that is shown: what gowa gives. */
export function interactiveSummary(message: proto.Message.IInteractiveMessage, depth = 1): string {
  const { header, body, footer, nativeFlowMessage, carouselMessage } = message;
  const caption = header?.imageMessage?.caption ?? header?.videoMessage?.caption;
  const cards = depth > 0 ? list(carouselMessage?.cards) : [];
  const lines = [
    text(header?.title),
    text(header?.subtitle),
    text(caption ?? header?.documentMessage?.caption),
    text(body?.text),
    text(footer?.text),
    ...list(nativeFlowMessage?.buttons).map(buttonLine),
    ...cards.map((card, n) => `Card ${n + 1}: ${interactiveSummary(card, depth - 1)}`),
  ].filter(line => line !== undefined);
  return lines.length > 0 ? lines.join('\n') : 'Interactive message';
}

/** How gowa writes the buttons that lead somewhere: the sign, what stands for a missing label, where to. */
const LEADS: Readonly<Record<string, readonly [sign: string, label: string, where: string]>> = {
  cta_url: ['🔗', 'Link', 'url'],
  cta_call: ['📞', 'Call', 'phone_number'],
  cta_copy: ['📋', 'Copy code', 'copy_code'],
};

function buttonLine(button: proto.Message.InteractiveMessage.NativeFlowMessage.INativeFlowButton): string {
  const name = text(button.name) ?? '';
  const params = json(button.buttonParamsJson);
  const of = (field: string) =>
    typeof params === 'object' && params !== null ? text((params as Fields)[field]) : undefined;
  const lead = Object.hasOwn(LEADS, name) ? LEADS[name] : undefined;
  const where = lead && of(lead[2]);
  if (lead && where !== undefined) return `${lead[0]} ${of('display_text') ?? lead[1]}: ${where}`;
  const label = of('display_text') ?? of('title');
  return label === undefined ? `[${name}]` : `[${name}] ${label}`;
}

export function interactiveReplyFields(reply: proto.Message.IInteractiveResponseMessage): Fields {
  const { name, paramsJson } = reply.nativeFlowResponseMessage ?? {};
  return given({ name: text(name), text: text(reply.body?.text), params: json(paramsJson) });
}

/** JSON in a message, as what it says; as its text when it is none, or is so deep that writing it again might fail. */
function json(value: unknown): unknown {
  const source = text(value);
  if (source === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(source);
    return isShallow(parsed, DEEPEST) ? parsed : source;
  } catch {
    return source;
  }
}

const DEEPEST = 16;

function isShallow(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every(each => isShallow(each, left - 1));
}
