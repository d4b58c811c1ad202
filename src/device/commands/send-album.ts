import { send } from '../sending/sending.ts';

/** The frame of an album; its pictures and films are messages that name it. */
export const sendAlbum = send({
  name: 'send-album',
  compose: ({ images, videos }: { readonly images: number; readonly videos: number }) => ({
    album: { expectedImageCount: images, expectedVideoCount: videos },
  }),
});
