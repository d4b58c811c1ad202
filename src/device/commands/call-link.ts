import { CALL_AUDIO_PREFIX, CALL_VIDEO_PREFIX } from '@whiskeysockets/baileys';
import { answered, childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

/** Makes a link to a call that others can join (Baileys Socket/chats.ts, createCallLink). `startTime` in Unix seconds. */
export const callLink = ask({
  name: 'call-link',
  once: true,
  async run(
    { media, startTime }: { readonly media: 'audio' | 'video'; readonly startTime?: number },
    { socket },
  ): Promise<{ readonly token: string; readonly link: string }> {
    const event = { tag: 'event', attrs: { start_time: String(startTime) } };
    const create = {
      tag: 'link_create',
      attrs: { media },
      ...(startTime !== undefined && { content: [event] }),
    };
    const answer = answered(
      await socket.query({
        tag: 'call',
        attrs: { id: socket.generateMessageTag(), to: '@call' },
        content: [create],
      }),
    );
    const { token } = childOf(answer, 'link_create').attrs;
    if (!token) throw new Error('the answer has no token');
    return { token, link: (media === 'video' ? CALL_VIDEO_PREFIX : CALL_AUDIO_PREFIX) + token };
  },
});
