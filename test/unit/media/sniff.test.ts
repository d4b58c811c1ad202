import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeOf } from '../../../src/media/sniff.ts';

const ascii = (text: string) => Buffer.from(text, 'latin1');

test('a file is what its first bytes say', () => {
  const files: [string | Buffer, string, string | undefined][] = [
    [Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'image', 'image/jpeg'],
    ['\x89PNG\r\n\x1a\n', 'image', 'image/png'],
    ['GIF89a', 'image', 'image/gif'],
    ['RIFF\0\0\0\0WEBPVP8 ', 'image', 'image/webp'],
    ['\0\0\0\x1cftypavif', 'image', 'image/avif'],
    ['\0\0\0\x1cftypheic', 'image', 'image/heic'],
    ['\0\0\0\x18ftypmp42', 'video', 'video/mp4'],
    ['\0\0\0\x18ftypisom', 'video', 'video/mp4'],
    ['\0\0\0\x14ftypqt  ', 'video', 'video/quicktime'],
    ['\0\0\0\x18ftyp3gp4', 'video', 'video/3gpp'],
    ['\x1a\x45\xdf\xa3....B\x82\x84webm', 'video', 'video/webm'],
    ['\x1a\x45\xdf\xa3....B\x82\x88matroska', 'video', 'video/x-matroska'],
    ['RIFF\0\0\0\0AVI LIST', 'video', 'video/x-msvideo'],
    ['\0\0\0\x18ftypM4A ', 'audio', 'audio/mp4'],
    ['ID3\x04\0', 'audio', 'audio/mpeg'],
    [Buffer.from([0xff, 0xfb, 0x90, 0x64]), 'audio', 'audio/mpeg'],
    [Buffer.from([0xff, 0xf1, 0x50, 0x80]), 'audio', 'audio/aac'],
    ['OggS\0\x02........OpusHead', 'audio', 'audio/ogg; codecs=opus'],
    ['OggS\0\x02........\x01vorbis', 'audio', 'audio/ogg'],
    ['OggS\0\x02........\x80theora', 'video', 'video/ogg'],
    ['RIFF\0\0\0\0WAVEfmt ', 'audio', 'audio/wav'],
    ['fLaC\0', 'audio', 'audio/flac'],
    ['#!AMR\n', 'audio', 'audio/amr'],
    ['%PDF-1.7', 'other', 'application/pdf'],
    ['PK\x03\x04', 'other', 'application/zip'],
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'other', undefined],
    ['#EXTM3U\n', 'other', undefined],
    ['RIFF\0\0\0\0constructor', 'other', undefined],
    ['', 'other', undefined],
    [Buffer.from([0xff]), 'other', undefined],
    [Buffer.from([0xff, 0xff, 0xff, 0xff]), 'other', undefined],
  ];
  for (const [head, kind, mimetype] of files) {
    const found = typeOf(typeof head === 'string' ? ascii(head) : head);
    assert.deepEqual([found.kind, found.mimetype], [kind, mimetype], String(head));
    // Whatever ffmpeg reads it is told how to.
    if (kind === 'video' || kind === 'audio') assert.ok(found.demuxer, mimetype);
  }
});
