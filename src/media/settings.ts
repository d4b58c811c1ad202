// The station as the settings of the process want it.
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Guard } from '../lib/guard.ts';
import { Media } from './media.ts';

/** The settings that it goes by, as `src/settings.ts` names them. */
export interface MediaSettings {
  readonly dataDir: string;
  readonly maxImageMb: number;
  readonly maxVideoMb: number;
  readonly maxAudioMb: number;
  readonly maxFileMb: number;
  readonly maxUrlMb: number;
  readonly urlAllow: readonly string[];
  readonly ffmpeg: string;
  readonly mediaMemoryMb: number;
  readonly mediaCacheMb: number;
  readonly mediaCacheHours: number;
  readonly mediaLinkSeconds: number;
}

/** As people and gowa count the sizes of files; memory is counted in the other. */
const MB = 1_000_000;
const MIB = 1_048_576;

/** The station with its limits in bytes and milliseconds; its files are in `DATA_DIR/media`. */
export function mediaFrom(settings: MediaSettings, log: Logger): Media {
  return new Media({
    folder: join(settings.dataDir, 'media'),
    limits: {
      image: settings.maxImageMb * MB,
      video: settings.maxVideoMb * MB,
      audio: settings.maxAudioMb * MB,
      file: settings.maxFileMb * MB,
      url: settings.maxUrlMb * MB,
    },
    ffmpeg: settings.ffmpeg,
    memory: settings.mediaMemoryMb * MIB,
    guard: new Guard(settings.urlAllow),
    kept: {
      maxBytes: settings.mediaCacheMb * MB,
      maxAgeMs: settings.mediaCacheHours * 3_600_000,
      linkMs: settings.mediaLinkSeconds * 1000,
    },
    log,
  });
}
