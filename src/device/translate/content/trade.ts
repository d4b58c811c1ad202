/** Products, orders and payments. */
import { proto } from '@whiskeysockets/baileys';
import { bare } from '../../jid.ts';
import { type Fields, given, nameIn, number, text, timestamp } from '../read.ts';

const { OrderStatus } = proto.Message.OrderMessage;
const { ServiceType } = proto.Message.PaymentInviteMessage;

const THOUSANDTHS = 1000;

/** An amount, which is written in thousandths. */
function amount(value: unknown, currency: unknown): Fields {
  const thousandths = number(value);
  return given({
    amount: thousandths === undefined ? undefined : thousandths / THOUSANDTHS,
    currency: text(currency),
  });
}

export function productFields({
  product,
  businessOwnerJid,
  body,
  footer,
}: proto.Message.IProductMessage): Fields {
  return given({
    id: text(product?.productId),
    title: text(product?.title),
    description: text(product?.description),
    ...amount(product?.priceAmount1000, product?.currencyCode),
    sale_amount: amount(product?.salePriceAmount1000, undefined).amount,
    retailer_id: text(product?.retailerId),
    url: text(product?.url),
    business: bare(businessOwnerJid) || undefined,
    text: text(body),
    footer_text: text(footer),
  });
}

export function orderFields(order: proto.Message.IOrderMessage): Fields {
  return given({
    id: text(order.orderId),
    token: text(order.token),
    title: text(order.orderTitle),
    message: text(order.message),
    item_count: number(order.itemCount),
    status: nameIn(OrderStatus, order.status)?.toLowerCase(),
    seller: bare(order.sellerJid) || undefined,
    ...amount(order.totalAmount1000, order.totalCurrencyCode),
  });
}

/** What is said beside the money, in whichever form of a text. */
export const noteIn = (message: proto.IMessage | null | undefined): string | undefined =>
  text(message?.conversation) ?? text(message?.extendedTextMessage?.text);

export interface Payment {
  readonly kind:
    | 'payment'
    | 'payment_request'
    | 'payment_declined'
    | 'payment_canceled'
    | 'payment_invite'
    | 'invoice';
  readonly fields: Fields;
  readonly note?: string | undefined;
}

/** Money that is sent, asked for, declined or invoiced. */
export function paymentIn(content: proto.IMessage): Payment | undefined {
  const {
    sendPaymentMessage: sent,
    requestPaymentMessage: asked,
    declinePaymentRequestMessage: declined,
    cancelPaymentRequestMessage: canceled,
    paymentInviteMessage: invite,
    invoiceMessage: invoice,
  } = content;
  if (sent) {
    const fields = given({ request_message_id: text(sent.requestMessageKey?.id) });
    return { kind: 'payment', fields, note: noteIn(sent.noteMessage) };
  }
  if (asked) {
    const { amount: money } = asked;
    const power = 10 ** Math.min(Math.max(number(money?.offset) ?? 0, 0), 12);
    const value = number(money?.value);
    const said = money
      ? given({ amount: value === undefined ? undefined : value / power, currency: text(money.currencyCode) })
      : amount(asked.amount1000, asked.currencyCodeIso4217);
    const fields = given({
      ...said,
      from: bare(asked.requestFrom) || undefined,
      expires_at: timestamp(asked.expiryTimestamp),
    });
    return { kind: 'payment_request', fields, note: noteIn(asked.noteMessage) };
  }
  if (declined) return { kind: 'payment_declined', fields: requestOf(declined) };
  if (canceled) return { kind: 'payment_canceled', fields: requestOf(canceled) };
  if (invite) {
    const service = nameIn(ServiceType, invite.serviceType)?.toLowerCase();
    return {
      kind: 'payment_invite',
      fields: given({ service, expires_at: timestamp(invite.expiryTimestamp) }),
    };
  }
  if (invoice)
    return { kind: 'invoice', fields: given({ token: text(invoice.token) }), note: text(invoice.note) };
  return undefined;
}

const requestOf = ({ key }: { key?: proto.IMessageKey | null }): Fields =>
  given({ request_message_id: text(key?.id) });
