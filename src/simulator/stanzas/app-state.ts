// xmlns `w:sync:app:state`: the collections exist and are empty; a pushed patch moves the version (protocol.md 13).
import { attr, child, children, node } from '../wire/stanza.ts';
import type { Answer } from './request.ts';

const sync: Answer = ({ content }) => {
  const collections = children(content, 'collection').map(asked => {
    const pushed = child(asked, 'patch') !== undefined;
    const version = Number(asked.attrs.version ?? 0) + (pushed ? 1 : 0);
    return node('collection', {
      name: attr(asked, 'name'),
      version: String(version),
      has_more_patches: 'false',
    });
  });
  return [node('sync', {}, collections)];
};

export const appStateIqs: Readonly<Record<string, Answer>> = { 'w:sync:app:state': sync };
