// xmlns `w:mex`: queries by number, variables and answers as JSON (Baileys Socket/mex.ts, whatsmeow newsletter.go).
import { channelQueries } from '../channels/queries.ts';
import { groupQueries } from '../groups/queries.ts';
import { aboutQueries } from '../profile/about.ts';
import { describeNewChats } from '../profile/new-chats.ts';
import { describeTimelock } from '../profile/timelock.ts';
import { bytes, node } from '../wire/stanza.ts';
import { type MexAnswer, MexError } from './mex-request.ts';
import { type Answer, IqError } from './request.ts';

const newChats: MexAnswer = ({ world, device }) => ({
  xwa2_message_capping_info: describeNewChats(world, device.account),
});

/** Of the account itself, by the ids of Baileys Types/Mex and whatsapp-rust iq/mex_operations.rs. */
const accountQueries: Readonly<Record<string, MexAnswer>> = {
  '23983697327930364': ({ world, device }) => ({
    xwa2_fetch_account_reachout_timelock: describeTimelock(world, device.account),
  }),
  '24503548349331633': newChats,
  '27910975521856601': newChats,
};

const queries: Readonly<Record<string, MexAnswer>> = {
  ...accountQueries,
  ...aboutQueries,
  ...channelQueries,
  ...groupQueries,
};

const mex: Answer = ({ world, device, content, after }) => {
  const id = content?.attrs.query_id;
  if (content?.tag !== 'query' || id === undefined) throw new IqError(400);
  const variables = readVariables(bytes(content));
  let answer: unknown;
  try {
    const query = Object.hasOwn(queries, id) ? queries[id] : undefined;
    if (!query) {
      world.ledger.unknownIq(`w:mex/${/^\d{1,24}$/.test(id) ? id : 'odd id'}`);
      throw new MexError(501, `the simulator does not know query ${id.slice(0, 24)}`);
    }
    answer = { data: query({ world, device, variables, after }) };
  } catch (error) {
    if (!(error instanceof MexError)) throw error;
    const extensions = { error_code: error.code, is_retryable: false, severity: 'CRITICAL' };
    answer = { data: null, errors: [{ message: error.message, extensions, path: [] }] };
  }
  return [node('result', {}, Buffer.from(JSON.stringify(answer)))];
};

function readVariables(given: Buffer | undefined): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(given?.toString() ?? '');
  } catch {
    throw new IqError(400);
  }
  const { variables = {} } = (parsed ?? {}) as { variables?: unknown };
  if (typeof variables !== 'object' || variables === null) throw new IqError(400);
  return variables as Record<string, unknown>;
}

export const mexIqs: Readonly<Record<string, Answer>> = { 'w:mex': mex };
