// Every request about a person's profile and settings, by `xmlns/type/child`.
import type { Answer } from '../stanzas/request.ts';
import { aboutIqs } from './about.ts';
import { blockListIqs } from './block-list.ts';
import { disappearingIqs } from './disappearing.ts';
import { linkIqs } from './links.ts';
import { pictureIqs } from './pictures.ts';
import { privacyIqs } from './privacy-iqs.ts';
import { tokenIqs } from './trust-tokens.ts';

export const profileIqs: Readonly<Record<string, Answer>> = {
  ...pictureIqs,
  ...aboutIqs,
  ...privacyIqs,
  ...blockListIqs,
  ...disappearingIqs,
  ...tokenIqs,
  ...linkIqs,
};
