// Peer data operations: what only the phone has (PeerDataOperationRequestMessage; Baileys messages-recv.ts
// requestPlaceholderResend and fetchMessageHistory, whatsmeow send.go, whatsapp-rust src/pdo.rs).
import { proto } from '@whiskeysockets/baileys';
import type { PeerRequest } from '../phone/peers.ts';
import { chatsOf, findChat } from './chats.ts';
import { answerFullOnDemand, answerOnDemand } from './on-demand.ts';

const Operation = proto.Message.PeerDataOperationRequestType;
const { ResultType } = proto.MediaRetryNotification;
const ResponseCodes = proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult;

/** A client asks for one at a time; each costs a walk through its chat. */
const MOST_RESENT = 50;

type Asked = proto.Message.IPeerDataOperationRequestMessage;
type Result = proto.Message.PeerDataOperationRequestResponseMessage.IPeerDataOperationResult;

/**
 * Answers one request of a companion; what the phone cannot do is answered as well. Rejects when the phone fails at
 * it.
 */
export async function answerDataRequest(request: PeerRequest): Promise<void> {
  const asked = request.message.peerDataOperationRequestMessage ?? {};
  switch (asked.peerDataOperationRequestType) {
    case Operation.HISTORY_SYNC_ON_DEMAND:
      // The notification is the answer; nothing else is known to come.
      await answerOnDemand(request, asked.historySyncOnDemandRequest ?? {});
      return;
    case Operation.FULL_HISTORY_SYNC_ON_DEMAND: {
      const full = asked.fullHistorySyncOnDemandRequest ?? {};
      const { REQUEST_SUCCESS, GENERIC_ERROR } = ResponseCodes.FullHistorySyncOnDemandResponseCode;
      const { telling } = request.phone.history;
      // One at a time: it is a lot of work.
      const responseCode = telling.has(request.companion) ? GENERIC_ERROR : REQUEST_SUCCESS;
      const response = { requestMetadata: full.requestMetadata ?? null, responseCode };
      await respond(request, asked, [{ fullHistorySyncOnDemandRequestResponse: response }]);
      if (responseCode === GENERIC_ERROR) return;
      telling.add(request.companion);
      await answerFullOnDemand(request, full).finally(() => telling.delete(request.companion));
      return;
    }
    case Operation.PLACEHOLDER_MESSAGE_RESEND:
      await respond(request, asked, resent(request, asked));
      return;
    default:
      await respond(request, asked, refusal(asked));
  }
}

/** What a companion could not read, as the phone has it. A message that the phone does not have either is left out. */
function resent({ world, phone }: PeerRequest, asked: Asked): Result[] {
  const chats = chatsOf(world, phone);
  const keys = (asked.placeholderMessageResendRequest ?? []).slice(0, MOST_RESENT);
  return keys.flatMap(({ messageKey }) => {
    const messages = findChat(chats, messageKey?.remoteJid ?? '')?.messages() ?? [];
    const found = messages.find(({ key }) => key?.id === messageKey?.id);
    if (!found) return [];
    const webMessageInfoBytes = proto.WebMessageInfo.encode(found).finish();
    return [{ placeholderMessageResendResponse: { webMessageInfoBytes } }];
  });
}

/** Of what this phone cannot do: an answer all the same, which says so where the form has a word for it. */
function refusal(asked: Asked): Result[] {
  switch (asked.peerDataOperationRequestType) {
    case Operation.UPLOAD_STICKER:
      // No stickers to upload again: generated ones are on the media host, others never leave it.
      return (asked.requestStickerReupload ?? []).map(() => ({ mediaUploadResult: ResultType.NOT_FOUND }));
    case Operation.GENERATE_LINK_PREVIEW:
      // It has no Internet to look at the page.
      return (asked.requestUrlPreview ?? []).map(() => ({ mediaUploadResult: ResultType.GENERAL_ERROR }));
    case Operation.HISTORY_SYNC_CHUNK_RETRY: {
      const { syncType, chunkOrder } = asked.historySyncChunkRetryRequest ?? {};
      const { GENERATION_ERROR: responseCode } = ResponseCodes.HistorySyncChunkRetryResponseCode;
      const said = { ...(syncType != null && { syncType }), ...(chunkOrder != null && { chunkOrder }) };
      return [{ historySyncChunkRetryResponse: { ...said, responseCode, canRecover: false } }];
    }
    default:
      return [];
  }
}

async function respond(
  { phone, companion, id }: PeerRequest,
  asked: Asked,
  peerDataOperationResult: Result[],
): Promise<void> {
  const answer = {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType: asked.peerDataOperationRequestType ?? null,
        stanzaId: id,
        peerDataOperationResult,
      },
    },
  };
  await phone.sendPeer(companion, [answer]);
}
