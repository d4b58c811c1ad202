import { answered } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

/**
 * Rejects a call that rings. As Baileys' rejectCall (Socket/messages-recv.ts), which does not look at the error in the ack.
 */
export const callReject = ask({
  name: 'call-reject',
  async run({ caller, call }: { readonly caller: string; readonly call: string }, { socket }): Promise<void> {
    const from = socket.authState.creds.me?.id ?? '';
    const reject = { tag: 'reject', attrs: { 'call-id': call, 'call-creator': caller, count: '0' } };
    answered(await socket.query({ tag: 'call', attrs: { from, to: caller }, content: [reject] }));
  },
});
