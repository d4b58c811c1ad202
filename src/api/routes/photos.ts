// Pictures of groups and channels.
import { z } from '@hono/zod-openapi';
import type { groupPhoto } from '../../device/commands/group-photo.ts';
import type { newsletterUpdate } from '../../device/commands/newsletter-update.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { channelField, groupField } from '../group-fields.ts';
import { gowaNewsletter, toGowaNewsletter } from '../newsletter-shape.ts';
import { groupJid, newsletterJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { PICTURE_BYTES, pictureFailures, squarePicture } from '../square.ts';

const failures = ['INVALID_JID', ...pictureFailures, ...whatsappFailures] as const;
const picture = { maxBytes: PICTURE_BYTES };
const changed = z.object({
  picture_id: z.string().openapi({ description: '`remove` when there is none any more.' }),
  message: z.string(),
});

/** gowa's word for the id of no picture. */
const REMOVED = 'remove';

export function photoRoutes(add: AddRoute, { media }: ApiDeps): void {
  add(
    {
      id: 'setGroupPhoto',
      method: 'post',
      path: '/group/photo',
      tag: 'group',
      scope: 'write',
      summary: 'Give a group a picture, which is cut to a square; without a file it has none any more',
      device: 'selected',
      body: z.object({ group_id: groupField }),
      forms: {},
      files: { photo: picture },
      results: changed,
      failures,
    },
    async ({ body, files, batch, run }) => {
      const group = groupJid(body.group_id);
      const [upload] = files.photo ?? [];
      const picture = upload && (await squarePicture(media, upload, batch, 'photo'));
      const { id } = await run<typeof groupPhoto>('group-photo', { group, ...(picture && { picture }) });
      const message = picture ? 'Success update group photo' : 'Success remove group photo';
      return { message, results: { picture_id: id ?? REMOVED, message } };
    },
  );

  add(
    {
      id: 'deleteGroupPhoto',
      method: 'delete',
      path: '/group/photo',
      tag: 'group',
      scope: 'write',
      summary: 'Take the picture of a group away',
      device: 'selected',
      query: z.object({ group_id: groupField }),
      results: changed,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      await run<typeof groupPhoto>('group-photo', { group: groupJid(query.group_id) });
      const message = 'Success remove group photo';
      return { message, results: { picture_id: REMOVED, message } };
    },
  );

  add(
    {
      id: 'setNewsletterPhoto',
      method: 'post',
      path: '/newsletter/photo',
      tag: 'newsletter',
      scope: 'write',
      summary: 'Give a channel a picture, which is cut to a square; without a file it has none any more',
      device: 'selected',
      body: z.object({ newsletter_id: channelField }),
      forms: {},
      files: { photo: picture },
      results: gowaNewsletter,
      failures,
    },
    async ({ body, files, batch, run }) => {
      const jid = newsletterJid(body.newsletter_id);
      const [upload] = files.photo ?? [];
      // An empty picture is none.
      const picture = upload ? await squarePicture(media, upload, batch, 'photo') : new Uint8Array();
      const channel = await run<typeof newsletterUpdate>('newsletter-update', { jid, picture });
      return {
        message: upload ? 'Success update newsletter photo' : 'Success remove newsletter photo',
        results: toGowaNewsletter(channel),
      };
    },
  );
}
